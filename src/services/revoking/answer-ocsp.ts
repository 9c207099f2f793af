/** Answers OCSP requests (RFC 6960) from the inventory: good only for what was issued, cached until it changes. */
import { createHash } from 'node:crypto';
import { CaError } from '../../domain/errors.ts';
import { type OcspCertId, type OcspRequest, parseOcspRequest } from '../../domain/ocsp/request.ts';
import {
  assembleOcspResponse,
  encodeResponseData,
  ocspErrorResponse,
  type SingleResponse,
} from '../../domain/ocsp/response.ts';
import type { CertificateRecord, Revocation } from '../../domain/records/certificate.ts';
import { subjectPublicKeyBits } from '../../domain/x509/public-key.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { OcspAnswer } from '../services.ts';
import { keepAnswers } from './kept-answers.ts';
import type { OcspResponders } from './ocsp-responders.ts';
import type { RevocationNews } from './revocation-news.ts';

export interface AnswerOcspDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly responders: OcspResponders;
  readonly clock: GuardedClock;
  readonly news: RevocationNews;
  /** nextUpdate - thisUpdate of an answer. */
  readonly ocspLifetimeSeconds: number;
}

export function createAnswerOcsp(
  deps: AnswerOcspDeps,
): (authority: string, requestDer: Uint8Array) => Promise<OcspAnswer> {
  const kept = keepAnswers();
  let changes = 0;
  deps.news.onChange(({ serial }) => {
    changes += 1;
    kept.forget(serial);
  });
  const nowSeconds = (): number => deps.clock.now() / 1000;

  return async (generation, requestDer) => {
    const addressed = await deps.directory.generation(generation);
    const request = tryParse(requestDer);
    if (!request) return failure('malformedRequest');
    const [only] = request.certIds;
    const key = !request.nonce && request.certIds.length === 1 && only ? keyOf(generation, only) : undefined;
    const known = key === undefined ? undefined : kept.find(key, nowSeconds());
    if (known) return known;
    // RFC 5019 §2.2.3: a responder that knows none of the issuers is not authorised to answer.
    const issuer = await issuerAsked(deps, addressed, request);
    if (!issuer) return failure('unauthorized');
    const changesBefore = changes;
    const answer = await sign(deps, issuer, request);
    // Kept for half of its life, as CRLs are; not at all if a revocation came while it was being signed.
    if (key !== undefined && only && answer.cacheableUntil !== null && changes === changesBefore) {
      const until = (nowSeconds() + answer.cacheableUntil) / 2;
      kept.keep(key, { serial: only.serial, until }, answer);
    }
    return answer;
  };
}

const keyOf = (generation: string, certId: OcspCertId): string =>
  `${generation} ${Buffer.from(certId.der).toString('latin1')}`;

function tryParse(requestDer: Uint8Array): OcspRequest | undefined {
  try {
    return parseOcspRequest(requestDer);
  } catch (error) {
    if (error instanceof CaError) return undefined;
    throw error;
  }
}

/** The one that is addressed; else another generation of the same authority, for clients that were given one address for good. */
async function issuerAsked(
  { directory }: AnswerOcspDeps,
  addressed: ActiveAuthority,
  { certIds }: OcspRequest,
): Promise<ActiveAuthority | undefined> {
  const isAsked = (issuer: ActiveAuthority): boolean => certIds.some((certId) => matchesIssuer(certId, issuer));
  if (isAsked(addressed)) return addressed;
  const { name } = addressed.authority;
  return (await directory.generations()).find((issuer) => issuer.authority.name === name && isAsked(issuer));
}

const failure = (status: Parameters<typeof ocspErrorResponse>[0]): OcspAnswer => ({
  der: ocspErrorResponse(status),
  cacheableUntil: null,
  successful: false,
});

async function sign(deps: AnswerOcspDeps, issuer: ActiveAuthority, request: OcspRequest): Promise<OcspAnswer> {
  deps.clock.assertSafe();
  const thisUpdate = Math.floor(deps.clock.now() / 1000);
  const responder = await deps.responders.get(issuer.id);
  // Nobody believes an answer after the certificate of who signed it has ended.
  const nextUpdate = Math.max(thisUpdate, Math.min(thisUpdate + deps.ocspLifetimeSeconds, responder.notAfter));
  const responses: SingleResponse[] = [];
  for (const certId of request.certIds) {
    responses.push({
      certIdDer: certId.der,
      ...(await statusOf(deps, issuer, certId)),
      thisUpdate,
      nextUpdate,
    });
  }
  const tbs = encodeResponseData({
    responderPublicKeyDer: responder.publicKeyDer,
    producedAt: thisUpdate,
    responses,
    ...(request.nonce && { nonce: request.nonce }),
  });
  const signature = await responder.signer.sign(tbs);
  const der = assembleOcspResponse(tbs, responder.signer.algorithm, signature, [responder.certificateDer]);
  // What is not known may be issued at this moment, and such questions, which anybody can make up, are to keep out no other.
  const isPassing = responses.some(({ status }) => status === 'unknown');
  return { der, cacheableUntil: request.nonce || isPassing ? null : nextUpdate, successful: true };
}

/** RFC 6960 §2.2: never good for a serial this authority did not issue; an open intent is not issued yet. */
async function statusOf(
  { inventory, directory }: AnswerOcspDeps,
  issuer: ActiveAuthority,
  certId: OcspCertId,
): Promise<Pick<SingleResponse, 'status' | 'revokedAt' | 'reason'>> {
  if (!matchesIssuer(certId, issuer)) return { status: 'unknown' };
  const record = await inventory.certificate(certId.serial);
  if (record && (await isOf(directory, record, issuer))) return recordedStatus(record);
  // What a restore found on this authority's list, but not in its backup, stays revoked.
  const revocation = await inventory.quarantined(issuer.id, certId.serial);
  return revocation ? revokedStatus(revocation) : { status: 'unknown' };
}

const isOf = async (directory: AuthorityDirectory, record: CertificateRecord, { id, authority }: ActiveAuthority) =>
  record.authority === authority.name && (await directory.issuerOf(record)).id === id;

const revokedStatus = ({ at, reason }: Revocation): Pick<SingleResponse, 'status' | 'revokedAt' | 'reason'> => ({
  status: 'revoked',
  revokedAt: at,
  reason,
});

function recordedStatus({
  revocation,
  state,
}: CertificateRecord): Pick<SingleResponse, 'status' | 'revokedAt' | 'reason'> {
  if (revocation) return revokedStatus(revocation);
  return { status: state === 'issued' ? 'good' : 'unknown' };
}

/** RFC 6960 §4.1.1: the hash of the issuer's name, and of its public key's BIT STRING content. */
function matchesIssuer(certId: OcspCertId, issuer: ActiveAuthority): boolean {
  const expected = issuerHashes(issuer, certId.hashAlgorithm);
  return (
    Buffer.compare(expected.name, certId.issuerNameHash) === 0 &&
    Buffer.compare(expected.key, certId.issuerKeyHash) === 0
  );
}

const hashesKept = new WeakMap<ActiveAuthority, Map<string, { name: Buffer; key: Buffer }>>();

function issuerHashes(issuer: ActiveAuthority, algorithm: OcspCertId['hashAlgorithm']): { name: Buffer; key: Buffer } {
  const ofIssuer = hashesKept.get(issuer) ?? new Map<string, { name: Buffer; key: Buffer }>();
  hashesKept.set(issuer, ofIssuer);
  const digest = (bytes: Uint8Array): Buffer => createHash(algorithm).update(bytes).digest();
  const hashes = ofIssuer.get(algorithm) ?? {
    name: digest(issuer.facts.subjectDer),
    key: digest(subjectPublicKeyBits(issuer.parsed.spkiDer)),
  };
  ofIssuer.set(algorithm, hashes);
  return hashes;
}
