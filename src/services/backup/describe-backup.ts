/** The manifest of a backup, from what was copied; refuses one whose keys are not whole. */
import { type BackupManifest, backupFormat, type ManifestAuthority } from '../../domain/backup/manifest.ts';
import { StartError } from '../../domain/errors.ts';
import { parseCertificate } from '../../domain/x509/certificate.ts';
import type { BackupPart, CopiedAuthority, CopyFacts } from '../../ports/backup.ts';
import { homeVault } from '../vaults/named-vault.ts';

export interface BackupSurroundings {
  readonly version: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** Where an authority's list is published; null where that is not known. */
  readonly crlUrl: (authority: string) => string | null;
  /** Names of those in the settings, besides that of the home. */
  readonly vaults: readonly string[];
  /** Name of the part that holds a key of the vault `file`. */
  readonly keyPart: (key: string) => string;
}

/** StartError `keyFileDamaged` when keys of authorities are not among the parts, naming each. */
export function describeBackup(
  facts: CopyFacts,
  parts: readonly BackupPart[],
  { version, now, crlUrl, vaults, keyPart }: BackupSurroundings,
): BackupManifest {
  const names = new Set(parts.map(({ name }) => name));
  const missing = facts.authorities
    .filter(({ vault, vaultKey, isKeyNeeded }) => isKeyNeeded && vault === homeVault && !names.has(keyPart(vaultKey)))
    .map(({ name, vaultKey }) => `${name} (${keyPart(vaultKey)})`);
  if (missing.length > 0) throw keysMissing(missing);
  return {
    format: backupFormat,
    program: version,
    createdAt: `${new Date(now).toISOString().slice(0, 19)}Z`,
    schema: facts.schema,
    audit: { seq: facts.audit.seq, hash: facts.audit.hash },
    checkpoint: facts.checkpoint,
    authorities: facts.authorities
      .filter((authority) => signsLists(authority, vaults))
      .map((authority) => described(authority, crlUrl(authority.name))),
    parts: parts.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  };
}

/** Of one that is retired, and whose vault is gone for good: the list that the backup has is its last. */
const signsLists = ({ vault, isRetired }: CopiedAuthority, vaults: readonly string[]): boolean =>
  !isRetired || vault === homeVault || vaults.includes(vault);

function described({ name, certificateDer, crlNumber }: CopiedAuthority, crlUrl: string | null): ManifestAuthority {
  const { subjectKeyIdentifier } = parseCertificate(certificateDer);
  return { name, keyIdentifier: Buffer.from(subjectKeyIdentifier ?? []).toString('hex'), crlNumber, crlUrl };
}

/** All of them, so that one search of the older backups is enough. */
const keysMissing = (missing: readonly string[]): StartError =>
  new StartError(
    'keyFileDamaged',
    `The home has no key of ${missing.join(', ')}, so that a backup would be of no use. Put ${missing.length === 1 ? 'it' : 'them'} back first, from an earlier backup for instance (\`tar xf\`).`,
  );
