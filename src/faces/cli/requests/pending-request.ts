/** What is kept, beside its key, of a request that waits for approval: enough to come back for the certificate. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PendingRequestJson } from '../../../api/request.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { parseRequestId } from '../../../domain/records/request-id.ts';
import { type GeneralName, parseGeneralName } from '../../../domain/x509/general-name.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { layoutFields } from '../terminal/fields.ts';
import { quoted } from '../terminal/quoted.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';
import { keyFile } from './issued-files.ts';

export const pendingFile = 'request.json';

export interface KeptRequest {
  readonly id: string;
  readonly names: readonly GeneralName[];
  readonly spkiDer: Uint8Array;
  /** RFC 3339. */
  readonly expiresAt: string;
}

export const pendingText = ({ id, expiresAt }: PendingRequestJson, names: readonly GeneralName[]): string =>
  `${JSON.stringify({ id, expiresAt, names: names.map(({ value }) => value) }, null, 2)}\n`;

/** Reads it back with its key. Throws CliError `usage` for a folder in which no request waits. */
export async function readPending(folder: string): Promise<KeptRequest> {
  const [text, pem] = [await readIn(folder, pendingFile), await readIn(folder, keyFile)];
  try {
    const { id, expiresAt, names } = JSON.parse(text) as Record<string, unknown>;
    const parsed = (names as readonly string[]).map((name) => parseGeneralName(name));
    const kept = { id: parseRequestId(id as string), names: parsed.filter((name) => name !== undefined) };
    if (kept.id === undefined || kept.names.length !== parsed.length || Number.isNaN(Date.parse(expiresAt as string))) {
      throw new Error('a field is not what it must be');
    }
    const spkiDer = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' });
    return { id: kept.id, names: kept.names, spkiDer, expiresAt: expiresAt as string };
  } catch (error) {
    const what = `${join(folder, pendingFile)} and ${keyFile} beside it`;
    throw new CliError('fileUnreadable', `${what} are not as \`request\` wrote them. Request anew.`, error);
  }
}

async function readIn(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw new CliError('fileUnreadable', `${join(folder, name)} cannot be read (${code}).`, error);
    }
    throw new CliError(
      'usage',
      `No request waits in ${folder}: there is no ${name}. Name the folder that \`request\` wrote.`,
      error,
    );
  }
}

export function reportPending(session: Session, request: PendingRequestJson, folder: string): Ending {
  const files = [keyFile, pendingFile].map((name) => join(folder, name));
  const { given, needed } = request.approvals;
  const ends = `${timeInWords(request.expiresAt, session.now())}, ${timeToTheSecond(request.expiresAt)}`;
  if (session.json) session.printJson({ ...request, files });
  else
    session.print([
      ...layoutFields([
        ['Request', printable(request.id)],
        ['Names', request.names.map((name) => printable(name))],
        ['Waits for', given < needed ? `approval, ${given} of ${needed} given` : 'its certificate: it is approved'],
        ['Expires', ends],
        ['Kept', files],
      ]),
      '',
      'An operator looks at it and approves it with',
      `  npx privyseal requests show ${printable(request.id)}`,
      `  npx privyseal requests approve ${printable(request.id)}`,
      'Come back for the certificate, or wait for it, with',
      `  ${session.command(`request --continue ${quoted(folder)}`)}`,
      `  ${session.command(`request --continue ${quoted(folder)} --wait`)}`,
    ]);
  return 'waiting';
}
