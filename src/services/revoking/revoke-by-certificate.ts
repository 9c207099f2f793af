/** Revokes the certificate that is shown (as RFC 8555 §7.6 does), also one that a restore left the inventory without. */
import { createHash } from 'node:crypto';
import { CaError } from '../../domain/errors.ts';
import type { CertificateRecord, Revocation } from '../../domain/records/certificate.ts';
import { refuse } from '../../domain/refusal.ts';
import type { ParsedCertificate } from '../../domain/x509/certificate.ts';
import { verifySignature } from '../../domain/x509/public-key.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';
import { actorOf, type Caller } from '../caller.ts';
import type { RevokedCertificate } from '../services.ts';
import {
  alreadyRevoked,
  checkReason,
  type RevokeDeps,
  type Revoking,
  revocationNow,
  revokeRecorded,
} from './revoke-certificate.ts';

export interface RevokeByCertificateDeps extends RevokeDeps {
  readonly directory: AuthorityDirectory;
}

export function createRevokeByCertificate(deps: RevokeByCertificateDeps) {
  return async (caller: Caller, certificate: ParsedCertificate, revoking: Revoking): Promise<RevokedCertificate> => {
    const reason = checkReason(caller, revoking.reason);
    const { serial } = certificate;
    const issuer = await issuerOf(deps, certificate);
    const record = await deps.inventory.certificate(serial);
    if (record && (await isOf(deps, record, issuer))) {
      const { revocation } = await revokeRecorded(deps, caller, record, revoking);
      return { certificate, issuer: issuer.id, revocation: revocation!, recorded: true };
    }
    refuseUnrecorded(caller, certificate, issuer);
    const revocation = revocationNow(deps, reason, revoking.invalidityDate);
    refuseUnfit(certificate, revocation);
    const keySha256 = createHash('sha256').update(certificate.spkiDer).digest('hex');
    // Before its own, so that who is cut short between them finds both to do.
    if (reason === 'keyCompromise')
      await revokeSharer(deps, keySha256, (found) => revokeRecorded(deps, caller, found, revoking));
    const outcome = await deps.inventory.quarantineCertificate({
      generation: issuer.id,
      serial,
      listedUntil: certificate.notAfter,
      keySha256,
      revocation,
      audit: {
        at: deps.clock.now(),
        kind: 'certificate.revoked',
        actor: actorOf(caller),
        object: `certificate:${serial}`,
        details: { reason, authority: issuer.id, keySha256, recorded: false },
      },
    });
    if (outcome.kind === 'alreadyRevoked') throw alreadyRevoked(serial, outcome.revocation);
    deps.news.announce({ serial, authority: issuer.authority.name, revoked: true });
    return { certificate, issuer: issuer.id, revocation: outcome.revocation, recorded: false };
  };
}

/** Whose key signed it; a name alone is anybody's to write. */
async function issuerOf(
  { directory }: RevokeByCertificateDeps,
  { tbs, signature, signatureAlgorithm: algorithm, issuer: name }: ParsedCertificate,
): Promise<ActiveAuthority> {
  for (const issuer of await directory.generations()) {
    if (Buffer.compare(name.der, issuer.facts.subjectDer) !== 0) continue;
    const publicKey = issuer.parsed.publicKey();
    if (await verifySignature({ tbs, signature, algorithm, publicKey })) return issuer;
  }
  return refuse([
    {
      code: 'chainSignature',
      field: 'certificate',
      message: 'No authority of this service signed this certificate, or not with a key that it still knows.',
    },
  ]);
}

const isOf = async ({ directory }: RevokeByCertificateDeps, record: CertificateRecord, { id }: ActiveAuthority) =>
  record.state !== 'intent' && (await directory.issuerOf(record)).id === id;

/** An authority's certificate is another act; an operator's is an admin's to revoke, and `system` signs little else. */
function refuseUnrecorded(caller: Caller, certificate: ParsedCertificate, { authority }: ActiveAuthority): void {
  if (certificate.basicConstraints?.ca) {
    throw new CaError(
      'conflict',
      `The certificate ${certificate.serial} is an authority’s: it is not revoked by itself. Declare the compromise of the authority.`,
    );
  }
  if (authority.role === 'system' && !(caller.kind === 'operator' && caller.role === 'admin')) {
    refuse([{ code: 'roleNotAllowed', message: 'Only an admin may revoke an operator’s certificate.' }]);
  }
}

/** RFC 5280 §5.1.2.6: lists hold what has not expired; a hold is for what can be released again, which takes a record. */
function refuseUnfit({ serial, notAfter }: ParsedCertificate, { at, reason }: Revocation): void {
  if (reason === 'certificateHold') {
    throw new CaError(
      'badRevocationReason',
      `The certificate ${serial} is not in the inventory: it can be revoked for good, not put on hold.`,
    );
  }
  if (notAfter < at) {
    const since = new Date(notAfter * 1000).toISOString();
    throw new CaError('conflict', `The certificate ${serial} has expired since ${since}: there is nothing to revoke.`);
  }
}

/** What the inventory has with the same key goes as if it had been named: one of them takes all others along. */
async function revokeSharer(
  { inventory, clock }: RevokeByCertificateDeps,
  keySha256: string,
  revoke: (found: CertificateRecord) => Promise<unknown>,
): Promise<void> {
  const now = Math.floor(clock.now() / 1000);
  for (const purpose of ['product', 'operator'] as const) {
    const asked = { keySha256, purpose, isRevocable: true, sort: '-requestedAt', limit: 1, now } as const;
    const [found] = await inventory.searchCertificates(asked);
    if (found) await revoke(found);
  }
}
