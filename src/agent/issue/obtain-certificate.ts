/** Gets a certificate for a key made here: first with the token, later as the certificate that it follows. */
import type { CertificateJson } from '../../api/certificate.ts';
import type { PendingRequestJson } from '../../api/request.ts';
import { AnswerRefused, checkAnswer } from '../../client/check-answer.ts';
import type { PrivysealClient } from '../../client/client.ts';
import { ClientProblem } from '../../client/failure.ts';
import type { Outcome } from '../../client/request-calls.ts';
import { printable } from '../../domain/policy/printable.ts';
import { parseGeneralName } from '../../domain/x509/general-name.ts';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { AgentError } from '../agent-error.ts';
import type { TargetConfig } from '../config/agent-schema.ts';
import { type CredentialSet, canAuthenticate } from '../files/credential-set.ts';
import type { ServiceAccess } from '../service-access.ts';
import { isVouchedFor } from '../trust/vouched-for.ts';
import {
  dropRequest,
  isAsWished,
  type KeptRequest,
  keepRequest,
  keepRequestId,
  type RequestKind,
} from './pending-request.ts';

export interface Issued {
  readonly kind: 'issued';
  readonly by: RequestKind;
  readonly certificate: CertificateJson;
  /** PKCS#8. */
  readonly keyPem: string;
}

/** For operators to approve it. */
export interface Waiting {
  readonly kind: 'waiting';
  readonly requestId: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

export type Obtained = Issued | Waiting;

export interface ObtainDeps {
  readonly target: TargetConfig;
  readonly access: ServiceAccess;
  /** The agent's own folder of the target. */
  readonly own: string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * Without a `predecessor`: a first certificate. With one, the request is made as that certificate; if it is for servers alone,
 * with the token. The request stays on disk until the certificate is safe and the caller drops it.
 * Throws ClientProblem, ClientFailure, AgentError `requestEnded`, `certificateHeld`, `answerNotOurs` or `answerNotTrusted`.
 */
export async function obtainCertificate(deps: ObtainDeps, predecessor?: CredentialSet): Promise<Obtained> {
  const { access, own } = deps;
  const isOwn = predecessor !== undefined && canAuthenticate(predecessor);
  const client = await (isOwn ? access.as(predecessor) : access.withToken());
  const serial = predecessor?.facts.serial ?? null;
  const { kept, outcome } = await askOrAnew(deps, client, {
    kind: predecessor ? 'rotate' : 'enrol',
    predecessor: serial,
  });
  if (outcome.kind === 'certificate') return checked(deps, { kept, certificate: outcome.certificate });
  const { id, expiresAt } = outcome.request;
  if (kept.requestId !== id) await keepRequestId(own, kept, id);
  return { kind: 'waiting', requestId: id, expiresAt };
}

interface Answered {
  readonly kept: KeptRequest;
  readonly outcome: Outcome<PendingRequestJson>;
}

/** A rotation that was begun with another wish than the file has now, and is refused, has no answer: what the file says now counts. */
async function askOrAnew(
  { target, own }: Pick<ObtainDeps, 'target' | 'own'>,
  client: PrivysealClient,
  step: Pick<KeptRequest, 'kind' | 'predecessor'>,
): Promise<Answered> {
  const kept = await keepRequest(own, target, step);
  try {
    return { kept, outcome: await ask(client, kept, own) };
  } catch (error) {
    if (!isRefusal(error) || isAsWished(kept, target)) throw error;
    await dropRequest(own, step.kind);
    return askOrAnew({ target, own }, client, step);
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof ClientProblem && error.status < 500 && error.status !== 429;

async function ask(client: PrivysealClient, kept: KeptRequest, own: string): Promise<Outcome<PendingRequestJson>> {
  try {
    return await (kept.requestId === null ? submit(client, kept) : client.collect(kept.requestId, 0));
  } catch (error) {
    if (!(error instanceof ClientProblem)) throw error;
    const lost = kept.predecessor === null ? undefined : await findLostAnswer(client, kept, error);
    if (lost) return { kind: 'certificate', certificate: lost };
    // Nothing will come of this request: the next one starts anew.
    if (endings.some((code) => error.reasons.some((reason) => reason.code === code))) {
      await dropRequest(own, kept.kind);
      throw new AgentError(
        'requestEnded',
        `The service says of request ${kept.requestId}: ${printable(error.detail, 300)}`,
        error,
      );
    }
    if (error.code === 'idempotencyConflict' || (error.code === 'notFound' && kept.requestId !== null))
      await dropRequest(own, kept.kind);
    throw error;
  }
}

const endings: readonly string[] = ['requestDenied', 'requestExpired'];

function submit(client: PrivysealClient, kept: KeptRequest): Promise<Outcome<PendingRequestJson>> {
  const { csr, profile, lifetimeSeconds, idempotencyKey, predecessor } = kept;
  const lifetime = lifetimeSeconds === null ? {} : { lifetimeSeconds };
  if (predecessor !== null) return client.rotate(predecessor, { csr, ...lifetime }, idempotencyKey);
  return client.submit({ csr, ...lifetime, ...(profile !== null && { profile }) }, idempotencyKey);
}

/** A successor there is already is ours if it is for the key that we kept: the service forgets an Idempotency-Key some day. */
async function findLostAnswer(
  client: PrivysealClient,
  { predecessor, spkiDer }: KeptRequest,
  { code }: ClientProblem,
): Promise<CertificateJson | undefined> {
  if (code !== 'conflict') return undefined;
  const { successor } = await client.read(predecessor!);
  const certificate = successor === null ? undefined : await client.read(successor);
  const key = certificate && openCertificate(certificate.certificate).publicKey.export({ type: 'spki', format: 'der' });
  return key && Buffer.compare(key, spkiDer) === 0 ? certificate : undefined;
}

interface Answer {
  readonly kept: KeptRequest;
  readonly certificate: CertificateJson;
}

async function checked(deps: ObtainDeps, answer: Answer): Promise<Issued> {
  const { kept, certificate } = answer;
  const { serial, status } = certificate;
  if (status === 'held') {
    const message = `${serial}, which is the answer to what was asked for, is on hold: it is not used. Ask an operator to release it, or to revoke it for good.`;
    throw new AgentError('certificateHeld', message);
  }
  if (status === 'revoked') await endLate(deps.own, answer, 'was revoked');
  if (status === 'expired') await endLate(deps.own, answer, 'ended');
  await assertAsAsked(deps, answer);
  return { kind: 'issued', by: kept.kind, certificate, keyPem: kept.keyPem };
}

/** Who comes late for an answer may find that it is good no more: it must not take the place of what is in use, nor be refused for ever. */
async function endLate(own: string, { kept, certificate: { serial } }: Answer, how: string): Promise<never> {
  await dropRequest(own, kept.kind);
  throw new AgentError(
    'requestEnded',
    `${serial} was issued, but ${how} before it was used. The next attempt asks anew.`,
  );
}

async function assertAsAsked({ target, access, own, now }: ObtainDeps, answer: Answer): Promise<void> {
  const { kept, certificate } = answer;
  const { environment, product } = certificate;
  if (environment === null || product === null || (target.product !== undefined && target.product !== product)) {
    const wanted = target.product ?? 'a product';
    throw new AgentError('answerNotOurs', `Certificate ${certificate.serial} is of ${product}, not of ${wanted}.`);
  }
  const trustPem = await (await access.anonymous()).trustBundle(environment);
  const names = kept.names.map((name) => parseGeneralName(name)!);
  const trustSource = `the roots of ${environment} that the service publishes`;
  try {
    checkAnswer(certificate, { spkiDer: kept.spkiDer, names, trustPem, trustSource, now: now() });
  } catch (error) {
    if (!(error instanceof AnswerRefused)) throw error;
    // What is signed now does chain. But of a root whose key is in other hands nothing is believed, and the request would say the same for ever.
    if (error.code === 'answerNotTrusted' && !kept.isNew && !isVouchedFor(pathOf(certificate), trustPem)) {
      await endLate(own, answer, `the root that vouched for it left ${environment}`);
    }
    throw new AgentError(error.code, error.message, error);
  }
}

const pathOf = ({ certificate, chain }: CertificateJson) => ({
  certPem: `${certificate.trimEnd()}\n`,
  chainPem: chain.join('\n'),
});
