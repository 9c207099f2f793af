/** Runs a backup or restore with its progress on the terminal, and tells what came of it and what to do next. */
import type { BackupReport, OnProgress, RestoreReport } from '../../../domain/backup/report.ts';
import type { CliIo } from '../terminal/io.ts';
import { withProgress } from '../terminal/progress.ts';
import { timeToTheSecond } from '../terminal/words.ts';

export interface Telling {
  readonly io: CliIo;
  readonly json: boolean;
}

export async function backup(telling: Telling, act: (onProgress: OnProgress) => Promise<BackupReport>): Promise<void> {
  const report = await withProgress(telling.io, act);
  tell(telling, report, linesOfBackup(report));
}

export async function restore(
  telling: Telling,
  act: (onProgress: OnProgress) => Promise<RestoreReport>,
): Promise<void> {
  const report = await withProgress(telling.io, act);
  tell(telling, report, linesOfRestore(report));
}

function tell({ io, json }: Telling, report: unknown, lines: readonly string[]): void {
  io.stdout.write(`${json ? JSON.stringify(report) : lines.join('\n')}\n`);
}

const fact = (name: string, value: string): string => `${name.padEnd(14)}${value}`;

function sizeInWords(octets: number): string {
  const units = ['octets', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(octets, 1)) / 3), units.length - 1);
  return power === 0 ? `${octets} octets` : `${(octets / 1000 ** power).toFixed(1)} ${units[power]}`;
}

function linesOfBackup({ file, size, sha256, manifest, notAudited }: BackupReport): string[] {
  const keys = manifest.parts.filter(({ name }) => name.endsWith('.key.json')).length;
  return [
    fact('Backup', `${file} (${sizeInWords(size)})`),
    fact('SHA-256', sha256),
    fact('As of', `${timeToTheSecond(manifest.createdAt)}, audit event ${manifest.audit.seq}`),
    fact('Holds', `the inventory, the audit log, ${keys} keys (encrypted), the trust files`),
    fact('Does not hold', 'the passphrase of the vault, admin/ and demo/: keep the passphrase elsewhere'),
    fact('Audited', notAudited === null ? 'yes, as service.backedUp' : `no. ${notAudited}`),
  ];
}

function linesOfRestore({ home, manifest, lists, withoutCrl, tokensEnded }: RestoreReport): string[] {
  return [
    fact('Restored', `${home}, from the backup of ${timeToTheSecond(manifest.createdAt)}`),
    fact('Audit log', `goes on after event ${manifest.audit.seq} with service.restored`),
    ...lists.map(({ authority, crlNumber, thisUpdate, revoked, quarantined }) => {
      const of = timeToTheSecond(new Date(thisUpdate * 1000).toISOString());
      const unknown = quarantined === 0 ? '' : `, ${quarantined} unknown serials kept as revoked`;
      return fact(authority, `list ${crlNumber} of ${of}: ${revoked} revoked again${unknown}`);
    }),
    ...withoutCrl.map((name) => fact(name, 'no list: what was revoked after the backup is good again')),
    fact('Tokens', tokensEnded ? 'ended; make new ones for those who enrol' : 'kept, with the uses the backup knew'),
    '',
    'Next',
    '  Give the passphrase of the vault as before (docs/keys.md), and put back your copy of admin/.',
    `  privyseal --home ${home} serve`,
    '  Certificates issued after the backup are unknown to it: docs/backup.md says what that means.',
  ];
}
