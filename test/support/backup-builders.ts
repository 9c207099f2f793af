/** Backups with a default for everything: a manifest, and small files written by the real writer. */
import { randomBytes } from 'node:crypto';
import { heldPart } from '../../src/adapters/backup-file/octets.ts';
import { openBackupTarget } from '../../src/adapters/backup-file/write-backup.ts';
import type { BackupManifest } from '../../src/domain/backup/manifest.ts';
import type { BackupPart } from '../../src/ports/backup.ts';

export const backupManifest = (overrides: Partial<BackupManifest> = {}): BackupManifest => ({
  format: 'privyseal-backup/1',
  program: '0.1.0',
  createdAt: '2026-01-01T00:00:00Z',
  schema: '0001_inventory.sql',
  audit: { seq: 12, hash: 'ab'.repeat(32) },
  checkpoint: 'a checkpoint\n\nits signature\n',
  authorities: [
    { name: 'dev-issuing', keyIdentifier: 'cd'.repeat(20), crlNumber: 7, crlUrl: 'http://ca.test/crl/dev-issuing.crl' },
  ],
  parts: [
    { name: 'privyseal.db', size: 5000, sha256: '01'.repeat(32) },
    { name: 'vault/vault.json', size: 700, sha256: '02'.repeat(32) },
  ],
  ...overrides,
});

/** A database and two small files, of random octets. */
export const someParts = (databaseSize = 3000): readonly BackupPart[] => [
  heldPart('privyseal.db', randomBytes(databaseSize)),
  heldPart('vault/vault.json', randomBytes(512)),
  heldPart('trust/dev.pem', randomBytes(100)),
];

/** Writes `parts` to a new file; resolves to its manifest. */
export async function writeBackup(file: string, parts = someParts()): Promise<BackupManifest> {
  const manifest = backupManifest({ parts: parts.map(({ name, size, sha256 }) => ({ name, size, sha256 })) });
  const target = await openBackupTarget(file);
  try {
    await target.publish(manifest, parts, () => {});
  } finally {
    await target.dispose();
  }
  return manifest;
}
