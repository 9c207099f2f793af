/** Revokes the certificates of one generation of an authority: its own, the crosses over its key, and those that it signed. */
import type { RevocationReason } from '../../domain/policy/revocation-reason.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { AuthorityCertificate, AuthorityGeneration } from '../../domain/records/generation.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { RevocationNews } from '../revoking/revocation-news.ts';

export interface RevokeAuthorityDeps {
  readonly inventory: Inventory;
  readonly clock: GuardedClock;
  readonly news: RevocationNews;
}

type KnownCertificate = AuthorityCertificate &
  Pick<CertificateRecord, 'state' | 'issuerSerial' | 'notAfter'> & {
    /** Name of the authority that signed it. */
    readonly issuer: string;
    /** Its issuer is one of ours, which can revoke it. */
    readonly isRevocable: boolean;
  };

/** What the generations of an authority have had, with what the inventory knows of each. */
export async function authorityCertificatesOf(
  inventory: Pick<Inventory, 'authorityCertificates' | 'certificate'>,
  name: string,
): Promise<readonly KnownCertificate[]> {
  const all = await inventory.authorityCertificates();
  const ours = new Set(all.map(({ serial }) => serial));
  const known = all.filter(({ authority }) => authority === name);
  const records = await Promise.all(
    known.map(async (one) => ({ one, record: await inventory.certificate(one.serial) })),
  );
  return records.flatMap(({ one, record }) => {
    if (!record) return [];
    const { state, issuerSerial, notAfter, authority: issuer } = record;
    return [{ ...one, state, issuerSerial, notAfter, issuer, isRevocable: ours.has(issuerSerial) }];
  });
}

/** Resolves to the serials; those that were revoked before are among them. */
export async function revokeAuthorityCertificates(
  deps: RevokeAuthorityDeps,
  generation: Pick<AuthorityGeneration, 'authority' | 'number' | 'certificateSerial'>,
  { actor, reason }: { readonly actor: string; readonly reason: RevocationReason },
): Promise<readonly string[]> {
  const { inventory, clock, news } = deps;
  const serials = await revocableOf(inventory, generation);
  for (const serial of serials) {
    const now = clock.now();
    const outcome = await inventory.revokeCertificate({
      serial,
      revocation: { at: Math.floor(now / 1000), reason },
      audit: { at: now, kind: 'certificate.revoked', actor, object: `certificate:${serial}`, details: { reason } },
    });
    if (outcome.kind === 'done') news.announce({ serial, authority: outcome.record.authority, revoked: true });
  }
  return serials;
}

/**
 * Serials of its own certificate, of the crosses over its key, and of the crosses that it signed. What was signed elsewhere is
 * left out.
 */
export async function revocableOf(
  inventory: Pick<Inventory, 'authorityCertificates' | 'certificate'>,
  { authority, number, certificateSerial }: Pick<AuthorityGeneration, 'authority' | 'number' | 'certificateSerial'>,
): Promise<readonly string[]> {
  return (await authorityCertificatesOf(inventory, authority))
    .filter((one) => one.isRevocable && (one.generation === number || one.issuerSerial === certificateSerial))
    .map(({ serial }) => serial);
}

/** What of it only an issuer elsewhere can revoke. */
export async function revocableElsewhere(
  inventory: Pick<Inventory, 'authorityCertificates' | 'certificate'>,
  { authority, number }: Pick<AuthorityGeneration, 'authority' | 'number'>,
): Promise<readonly { readonly serial: string; readonly issuer: string }[]> {
  return (await authorityCertificatesOf(inventory, authority))
    .filter((one) => !one.isRevocable && one.generation === number)
    .map(({ serial, issuer }) => ({ serial, issuer }));
}
