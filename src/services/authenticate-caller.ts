/** Turns a bearer token or a client certificate's exact bytes into a caller, or refuses. */
import { hash, timingSafeEqual } from 'node:crypto';
import { CaError, type ReasonCode } from '../domain/errors.ts';
import type { CertificatePurpose, CertificateRecord } from '../domain/records/certificate.ts';
import type { EnrolmentToken } from '../domain/records/environment.ts';
import { parseCertificate } from '../domain/x509/certificate.ts';
import { oids } from '../domain/x509/oids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Caller } from './caller.ts';

export interface AuthenticateDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
}

/** `pst_` (Privyseal token), the id that finds its row, and the secret of 256 bits that is kept only as a hash. */
const tokenPattern = /^pst_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/;

export const formatToken = (id: string, secret: string): string => `pst_${id}_${secret}`;

export const hashTokenSecret = (secret: string): string => hash('sha256', secret, 'hex');

type TokenDeps = AuthenticateDeps & { readonly findToken: (id: string) => Promise<EnrolmentToken | undefined> };

/** A token's row may be a second old: whether it has uses left and still exists is judged again with the intent. */
export const createAuthenticateToken =
  (deps: TokenDeps) =>
  async (bearer: string): Promise<Caller> => {
    const token = await provenToken(deps, bearer);
    if (token.expiresAt <= deps.clock.now()) {
      throw refusal(
        'unauthenticated',
        'tokenExpired',
        'The enrolment token has expired. Ask an operator for a new one.',
      );
    }
    return callerWith(token);
  };

/** A request may be approved after its token has expired: whoever holds the secret may still collect the answer. */
export const createAuthenticateCollector =
  (deps: TokenDeps) =>
  async (bearer: string): Promise<Caller> =>
    callerWith(await provenToken(deps, bearer));

const callerWith = ({ id, product, profiles }: EnrolmentToken): Caller => ({
  kind: 'token',
  tokenId: id,
  product,
  profiles,
});

async function provenToken(deps: TokenDeps, bearer: string): Promise<EnrolmentToken> {
  const [, id, secret] = tokenPattern.exec(bearer) ?? [];
  const token = id === undefined ? undefined : await deps.findToken(id);
  const given = Buffer.from(hashTokenSecret(secret ?? ''), 'hex');
  // Compared even without a row, so that the time does not tell whether the id exists.
  const expected = Buffer.from(token?.secretSha256 ?? '00'.repeat(32), 'hex');
  if (!timingSafeEqual(given, expected) || !token) throw unknownToken();
  return token;
}

const unknownToken = (): CaError =>
  refusal('unauthenticated', 'tokenUnknown', 'The enrolment token is not known. Ask an operator for a new one.');

/** For who was let in and has waited since: whether the token is gone by now, or the certificate revoked or held. */
export const createRefuseLostCredential =
  ({ inventory }: Pick<AuthenticateDeps, 'inventory'>) =>
  async (caller: Caller): Promise<void> => {
    if (caller.kind !== 'token') refuseRevoked(await inventory.certificate(caller.serial), 'product');
    else if (!(await inventory.token(caller.tokenId))) throw unknownToken();
  };

export const createAuthenticateProduct =
  (deps: AuthenticateDeps) =>
  async (peerDer: Uint8Array): Promise<Caller> => {
    const record = await liveCertificate(deps, peerDer, 'product');
    return { kind: 'product', product: record.owner, serial: record.serial };
  };

export const createAuthenticateOperator =
  (deps: AuthenticateDeps) =>
  async (peerDer: Uint8Array): Promise<Caller> => {
    const record = await liveCertificate(deps, peerDer, 'operator');
    const operator = record.authority === 'system' ? await deps.inventory.operator(record.owner) : undefined;
    if (!operator) throw refusal('unauthorized', 'certificateUnknown', 'The client certificate is no operator’s.');
    return { kind: 'operator', name: operator.name, role: operator.role, serial: record.serial };
  };

/**
 * The inventory's row for these very bytes, if it is good now. TLS alone is never enough: a resumed session or a CRL in
 * the TLS context can be stale, a certificate without EKU passes OpenSSL, and another CA can mint the same names.
 */
async function liveCertificate(
  deps: AuthenticateDeps,
  peerDer: Uint8Array,
  purpose: CertificatePurpose,
): Promise<CertificateRecord> {
  const parsed = parsePeer(peerDer);
  const record = await deps.inventory.certificate(parsed.serial);
  const recordedDer = record && (await deps.inventory.certificateDer(parsed.serial));
  if (!record || !recordedDer || record.purpose !== purpose || Buffer.compare(recordedDer, peerDer) !== 0) {
    throw refusal(
      'unauthorized',
      'certificateUnknown',
      `The client certificate was not issued here for this use. ${howToGoOn(purpose)}`,
    );
  }
  refuseRevoked(record, purpose);
  const nowSeconds = Math.floor(deps.clock.now() / 1000);
  if (record.notAfter < nowSeconds || record.notBefore > nowSeconds) {
    throw refusal(
      'unauthorized',
      'certificateExpired',
      `The client certificate is not valid now. ${howToGoOn(purpose)}`,
    );
  }
  if (!parsed.extKeyUsage?.includes(oids.clientAuth)) {
    throw refusal(
      'unauthorized',
      'certificateNotForClients',
      `The client certificate is not for clientAuth. ${howToGoOn(purpose)}`,
    );
  }
  return record;
}

function refuseRevoked(record: CertificateRecord | undefined, purpose: CertificatePurpose): void {
  if (!record?.revocation) return;
  const isHeld = record.revocation.reason === 'certificateHold';
  const why = isHeld ? 'on hold. Ask an operator to release it.' : `revoked. ${howToGoOn(purpose)}`;
  const code = isHeld ? 'certificateHeld' : 'certificateRevoked';
  throw refusal('unauthorized', code, `The client certificate is ${why}`);
}

const howToGoOn = (purpose: CertificatePurpose): string =>
  purpose === 'operator' ? 'Ask an admin for a new one.' : 'Enrol again with a token.';

type ParsedCertificate = ReturnType<typeof parseCertificate>;

/** A connection gives the very same octets with each of its requests: they say the same each time. */
const parsedPeers = new WeakMap<Uint8Array, ParsedCertificate>();

function parsePeer(peerDer: Uint8Array): ParsedCertificate {
  try {
    const known = parsedPeers.get(peerDer);
    if (known) return known;
    const parsed = parseCertificate(peerDer);
    parsedPeers.set(peerDer, parsed);
    return parsed;
  } catch (cause) {
    throw new CaError('unauthorized', 'The client certificate was not issued here.', { cause });
  }
}

const refusal = (code: 'unauthenticated' | 'unauthorized', reason: ReasonCode, message: string): CaError =>
  new CaError(code, message, { reasons: [{ code: reason, message }] });
