/** What an issued certificate is written as: checked against what was asked for, and put in place as one set. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateJson } from '../../../api/certificate.ts';
import type { PrivysealClient } from '../../../client/client.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { GeneralName } from '../../../domain/x509/general-name.ts';
import type { Session } from '../session.ts';
import { layoutFields } from '../terminal/fields.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';
import { checkAnswer } from './check-answer.ts';
import type { FileSet } from './file-set.ts';
import { howToUse } from './how-to-use.ts';

export const keyFile = 'key.pem';

/** Beside the key; `chain.pem` is left out when a root signs directly. */
export const certificateFiles = ['cert.pem', 'fullchain.pem', 'chain.pem', 'trust.pem'];

/** What was asked for, and the set into which the certificate goes. */
export interface Expected {
  readonly session: Session;
  readonly client: PrivysealClient;
  readonly files: FileSet;
  readonly spkiDer: Uint8Array;
  readonly names: readonly GeneralName[];
}

/** Names of the files of the certificate that are now in place. Throws CliError `answerNotOurs` or `answerNotTrusted`. */
export async function writeChecked(issued: CertificateJson, expected: Expected): Promise<string[]> {
  const { session, client, files, names, spkiDer } = expected;
  const trust = await findTrust(session, client, issued.environment ?? 'system');
  checkAnswer(issued, { spkiDer, names, trustPem: trust.pem, trustSource: trust.source, now: session.now() });
  const chain = issued.chain.map(withNewline).join('');
  const certificate = withNewline(issued.certificate);
  await files.write('cert.pem', certificate, 0o644);
  await files.write('fullchain.pem', certificate + chain, 0o644);
  if (chain !== '') await files.write('chain.pem', chain, 0o644);
  await files.write('trust.pem', trust.pem, 0o644);
  await files.commit();
  return filesOf(issued);
}

/** Which of `certificateFiles` there are of this one. */
export const filesOf = ({ chain }: Pick<CertificateJson, 'chain'>): string[] =>
  certificateFiles.filter((name) => name !== 'chain.pem' || chain.length > 0);

const withNewline = (pem: string): string => (pem.endsWith('\n') ? pem : `${pem}\n`);

/** A trust file that is already here outranks what the service says now; without one, TLS vouches for the answer. */
async function findTrust(session: Session, client: PrivysealClient, environment: string) {
  const present = join(session.home, 'trust', `${folderSafe(environment)}.pem`);
  const pem = await readFile(present, 'utf8').catch(() => undefined);
  if (pem !== undefined) return { pem, source: present };
  return { pem: await client.trustBundle(environment), source: `the trust bundle of ${session.publicUrl}` };
}

/** Text as the name of a file or folder. */
export const folderSafe = (text: string): string => text.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_');

export function reportIssued(
  session: Session,
  issued: CertificateJson,
  folder: string,
  written: readonly string[],
): void {
  const files = written.map((name) => join(folder, name));
  if (session.json) session.printJson({ ...issued, files });
  else
    session.print([
      ...layoutFields([
        ['Certificate', issued.serial],
        ['Names', issued.names.map((name) => printable(name))],
        ['Profile', printable(issued.profile.name)],
        ['Expires', `${timeInWords(issued.notAfter, session.now())}, ${timeToTheSecond(issued.notAfter)}`],
        ['Written', files],
      ]),
      '',
      ...howToUse(folder, issued, written),
    ]);
}
