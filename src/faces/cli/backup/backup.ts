/** Runs a backup or restore with its progress on the terminal, and tells what came of it and what to do next. */
import type { BackupReport, OnProgress, RestoreReport } from '../../../domain/backup/report.ts';
import { authorityOfGeneration } from '../../../domain/records/generation.ts';
import { type Field, layoutFields } from '../terminal/fields.ts';
import type { CliIo } from '../terminal/io.ts';
import { withProgress } from '../terminal/progress.ts';
import { quoted } from '../terminal/quoted.ts';
import { counted, sizeInWords, timeToTheSecond } from '../terminal/words.ts';

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

function linesOfBackup({ file, size, sha256, manifest, notAudited }: BackupReport): string[] {
  const keys = manifest.parts.filter(({ name }) => name.endsWith('.key.json')).length;
  return layoutFields([
    ['Backup', `${file} (${sizeInWords(size)})`],
    ['SHA-256', sha256],
    ['As of', `${timeToTheSecond(manifest.createdAt)}, audit event ${manifest.audit.seq}`],
    ['Holds', `the inventory, the audit log, ${keys} keys (encrypted), the trust files`],
    ['Does not hold', 'the passphrase of the vault, admin/ and demo/: keep the passphrase elsewhere'],
    ['Audited', notAudited === null ? 'yes, as service.backedUp' : `no. ${notAudited}`],
  ]);
}

function linesOfRestore({
  home,
  manifest,
  lists,
  later,
  aside,
  waiting,
  withoutCrl,
  unlisted,
  compromised,
  compromisedComing,
  paused,
  tokensEnded,
}: RestoreReport): string[] {
  return [
    ...layoutFields([
      ['Restored', `${home}, from the backup of ${timeToTheSecond(manifest.createdAt)}`],
      ['Audit log', `goes on after event ${manifest.audit.seq} with service.restored`],
      ...lists.map((list): Field => [list.authority, takenFrom(list)]),
      ...later.map((keys): Field => [keys.authority, gotLaterKeys(keys)]),
      ...aside.map((list): Field => ['Left aside', whyAside(list)]),
      ...waiting.map((name): Field => [name, mayHaveIssued]),
      ...withoutCrl.map((name): Field => [name, 'no list: what was revoked after the backup is good again']),
      ...unlisted.map(({ authority, good }): Field => [authority, wasRetired(good)]),
      ...compromised.map((name): Field => [name, 'was compromised after the backup: it issues nothing']),
      ...compromisedComing.map(
        (name): Field => [name, 'was compromised after the backup: what comes with it must not be used'],
      ),
      ...paused.map(
        (id): Field => ['Campaign', `${id} is paused, for it would revoke: it may have been put off since`],
      ),
      ['Tokens', tokensEnded ? 'ended; make new ones for those who enrol' : 'kept, with the uses the backup knew'],
    ]),
    '',
    'Next',
    '  Give the passphrase of the vault as before (docs/keys.md), and put back your copy of admin/.',
    `  npx privyseal --home ${quoted(home)} serve`,
    ...compromisedComing.map(
      (id) => `  Give up the rotation to ${id}: \`authority rotate abandon ${authorityOfGeneration(id)}\`.`,
    ),
    ...(compromised.length === 0
      ? []
      : ['  Give `authority compromise` again for what was compromised, the root first: it makes new keys.']),
    ...later.map(({ authority }) => `  Rotate ${authority}, whose newest key is lost: docs/backup.md says when.`),
    ...(unlisted.length === 0
      ? []
      : [
          '  Revoke again what was revoked of a retired authority after the backup: docs/backup.md says how to find it.',
        ]),
    ...(paused.length === 0
      ? []
      : ['  Look at what is paused (`campaign show ID`), then `campaign resume` or `abandon` it.']),
    '  Certificates issued after the backup are unknown to it: docs/backup.md says what that means.',
  ];
}

const gotLaterKeys = ({ upTo, files }: RestoreReport['later'][number]): string =>
  `got another key after the backup, whose list is ${files.join(', ')} (or it is that of another service with the same names). ` +
  `What that key signed is unknown here, and cannot be revoked. The numbers of generations up to ${upTo} are not used again`;

const whyAside = ({ file, issuer, authority }: RestoreReport['aside'][number]): string =>
  authority === null
    ? `${file}, of ${issuer}, which the backup does not know: it was made after it, or is none of this service`
    : `${file}, of ${authority}: give it to \`authority import-crl\` once the service runs`;

const mayHaveIssued =
  'had no certificate yet. If it got one after the backup, do not import that again: first restore into another home, with its list besides';

const wasRetired = (good: number): string =>
  `had retired: ${counted(good, 'good certificate')}, and no list tells what was revoked since`;

function takenFrom({ crlNumber, thisUpdate, isOver, revoked, quarantined }: RestoreReport['lists'][number]): string {
  const of = timeToTheSecond(new Date(thisUpdate * 1000).toISOString());
  const unknown = quarantined === 0 ? '' : `, unknown serials kept as revoked: ${quarantined}`;
  const over = isOver
    ? '. It is over: if the service still ran then, there is a newer one, and what that has besides is good again'
    : '';
  return `list ${crlNumber} of ${of}: ${revoked} revoked again${unknown}${over}`;
}
