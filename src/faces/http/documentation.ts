/** What the OpenAPI documents say of answers that many routes share; read by @fastify/swagger, never at run time. */
import { CertificateJson } from '../../api/certificate.ts';
import { Problem, problemTypePrefix } from '../../api/problem.ts';
import type { CaErrorCode } from '../../domain/errors.ts';
import { problemKinds } from './problems/problem.ts';
import { derMediaType, pemChainMediaType } from './routes/certificate-formats.ts';

export interface DocumentedAnswer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** One entry for each status; it names the codes, which are the ends of the problem's `type`, and admits no other. */
export function problems(...codes: readonly CaErrorCode[]): Record<number, DocumentedAnswer> {
  const answers: Record<number, DocumentedAnswer> = {};
  for (const [status, ofStatus] of Map.groupBy(new Set(codes), (code) => problemKinds[code].status)) {
    const kinds = ofStatus.map((code) => `\`${code}\`: ${problemKinds[code].title}.`);
    answers[status] = problemAnswer(kinds.join(' '), ofStatus.map(problemType));
  }
  return answers;
}

export const problemType = (code: CaErrorCode): string => problemTypePrefix + code;

/** A problem whose `type` is one of these. */
export const problemAnswer = (description: string, types: readonly string[]): DocumentedAnswer => ({
  description,
  content: { [problemJson]: { schema: { allOf: [Problem, { properties: { type: { enum: types } } }] } } },
});

export const problemJson = 'application/problem+json';

/** What the routes of the admin face ask for. */
export const operatorSecurity = [{ operatorCertificate: [] }];

/** Any request may meet these. */
export const commonProblems: readonly CaErrorCode[] = ['malformed', 'rateLimited', 'serverInternal', 'stopping'];

/** Any request of a caller who has to be known may meet these. */
export const readProblems: readonly CaErrorCode[] = [...commonProblems, 'unauthenticated', 'unauthorized'];

/** Any act with a body, of a caller who has to be known, may meet these. */
export const changeProblems: readonly CaErrorCode[] = [
  ...readProblems,
  'conflict',
  'payloadTooLarge',
  'unsupportedMediaType',
  'overloaded',
  'inventoryUnavailable',
];

export const submitProblems: readonly CaErrorCode[] = [
  ...commonProblems,
  'badCSR',
  'badPublicKey',
  'badSignatureAlgorithm',
  'rejectedIdentifier',
  'policyRefused',
  'compound',
  'unauthenticated',
  'unauthorized',
  'notAcceptable',
  'conflict',
  'idempotencyConflict',
  'payloadTooLarge',
  'unsupportedMediaType',
  'overloaded',
  'signerUnavailable',
  'inventoryUnavailable',
  'clockUnsafe',
];

export const revokeProblems: readonly CaErrorCode[] = [
  ...commonProblems,
  'badRevocationReason',
  'alreadyRevoked',
  'unauthenticated',
  'unauthorized',
  'notFound',
  'conflict',
  'inventoryUnavailable',
];

const text = { type: 'string' };
const binary = { type: 'string', format: 'binary' };

/** A 200 or 201 in every form of certificate-formats.ts. */
export const certificateAnswer = (description: string, json: object = CertificateJson): DocumentedAnswer => ({
  description,
  content: {
    'application/json': { schema: json },
    [pemChainMediaType]: { schema: text },
    [derMediaType]: { schema: binary },
    'application/pkcs7-mime': { schema: binary },
  },
});

export const jsonAnswer = (description: string, schema: object): DocumentedAnswer => ({
  description,
  content: { 'application/json': { schema } },
});

export const bytesAnswer = (description: string, mediaType: string): DocumentedAnswer => ({
  description,
  content: { [mediaType]: { schema: binary } },
});

export const textAnswer = (description: string, mediaType: string): DocumentedAnswer => ({
  description,
  content: { [mediaType]: { schema: text } },
});
