/** `privyseal token add|list|remove`. A token's text is shown once, or goes into a file that only its owner reads. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { NewTokenJson, TokenJson } from '../../../api/token.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { syncFolder } from '../../../files/sync-folder.ts';
import { CliError } from '../cli-error.ts';
import { collectPages } from '../collect-pages.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/confirm.ts';
import { layoutFields } from '../terminal/fields.ts';
import { discardOnInterrupt } from '../terminal/interrupt.ts';
import { layoutTable, type Table } from '../terminal/table.ts';
import { counted, timeInWords, timeToTheSecond } from '../terminal/words.ts';

export interface TokenOptions {
  readonly uses: number | 'unlimited';
  /** Seconds. */
  readonly expires: number;
  readonly profile?: readonly string[];
  readonly out?: string;
}

export async function addToken(session: Session, product: string, options: TokenOptions): Promise<Ending> {
  const { uses, expires, profile, out } = options;
  const body = {
    product,
    uses: uses === 'unlimited' ? null : uses,
    lifetimeSeconds: expires,
    ...(profile && { profiles: [...profile] }),
  };
  const client = await session.adminClient();
  const file = out === undefined ? undefined : session.path(out);
  const made = file === undefined ? await client.createToken(body) : await intoFile(file, client.createToken, body);
  const { token: text, ...token } = made;
  if (session.json) session.printJson(file === undefined ? made : { ...token, file });
  else session.print(describe(session, token, file === undefined ? ['Token', printable(text)] : ['Written', file]));
  if (!session.json && file === undefined) session.note(['This token is shown once. Keep it as you keep a password.']);
  return 'ok';
}

/** The file is there, empty, and its name durable before the token is made: a token that could not be kept would be lost. */
async function intoFile<Body>(
  file: string,
  create: (body: Body) => Promise<NewTokenJson>,
  body: Body,
): Promise<NewTokenJson> {
  const handle = await openNew(file);
  const restore = discardOnInterrupt(file);
  try {
    await syncFolder(dirname(file)).catch((error: unknown) => {
      throw notWritable(file, error);
    });
    const made = await create(body);
    const kept = handle.writeFile(`${made.token}\n`).then(() => handle.sync());
    await kept.catch((error: unknown) => {
      throw notKept(file, made.id, error);
    });
    return made;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    restore();
    await handle.close();
  }
}

async function openNew(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, 'wx', 0o600);
    // The mode given to open is cut by the umask.
    await handle.chmod(0o600);
    return handle;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      const message = `${file} exists and will not be overwritten. Choose another file with --out FILE.`;
      throw new CliError('fileExists', message, error);
    }
    throw notWritable(file, error);
  }
}

function notKept(file: string, id: string, error: unknown): CliError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  const message = `${file} could not be written (${code}), and nobody has the token that was made for it. Make room on its disk, remove that one (\`token remove ${printable(id)}\`), and add another.`;
  return new CliError('outputUnwritable', message, error);
}

function notWritable(file: string, error: unknown): CliError {
  const { code } = error as NodeJS.ErrnoException;
  const message = `${file} cannot be written (${code}). Choose another file with --out FILE.`;
  return new CliError('folderUnwritable', message, error);
}

const describe = (session: Session, token: TokenJson, last: readonly [string, string]): string[] =>
  layoutFields([
    ['Id', printable(token.id)],
    ['Product', printable(token.product)],
    ['Profiles', printable(token.profiles.join(', '), 2048)],
    ['Good for', usesInWords(token.usesLeft)],
    ['Expires', `${timeToTheSecond(token.expiresAt)} (${timeInWords(token.expiresAt, session.now())})`],
    last,
  ]);

function usesInWords(uses: number | null): string {
  if (uses === null) return 'any number of certificates';
  return counted(uses, 'certificate');
}

export async function listTokens(session: Session, query: { product?: string }): Promise<Ending> {
  const client = await session.adminClient();
  const found = await collectPages((page) => client.tokens({ ...query, ...page }));
  const items = found.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  if (session.json) session.printJson({ items });
  else if (items.length === 0) session.note(['There are no tokens.']);
  else session.printTable(tableOf(session, items));
  return 'ok';
}

/** A product's tokens together, the oldest first. */
const sortKey = ({ product, createdAt, id }: TokenJson): string => [product, createdAt, id].join(' ');

const columns = ['ID', 'PRODUCT', 'PROFILES', 'STATUS', 'USES LEFT', 'EXPIRES', 'MADE BY'].map((title) => ({ title }));

function tableOf(session: Session, items: readonly TokenJson[]): Table {
  const rows = items.map((token) => [
    ...[token.id, token.product, token.profiles.join(' '), token.status].map((text) => printable(text, 200)),
    token.usesLeft === null ? 'unlimited' : String(token.usesLeft),
    timeInWords(token.expiresAt, session.now()),
    printable(token.createdBy),
  ]);
  const givesWay = [
    ['PROFILES', 8],
    ['PRODUCT', 12],
  ] as const;
  return layoutTable(columns, rows, { width: session.width, givesWay, leavesOut: ['MADE BY', 'PROFILES'] });
}

export async function removeToken(session: Session, id: string, { yes }: { yes?: boolean }): Promise<Ending> {
  if (session.io.mayAsk && !yes) {
    const question = `Remove the token ${printable(id)}? Whoever holds it cannot use it any more. [y/N] `;
    if (!(await confirm(session.io, question))) throw new CliError('declined', 'Nothing was removed.');
  }
  await (await session.adminClient()).removeToken(id);
  if (session.json) session.printJson({ id, removed: true });
  else session.print(layoutFields([['Removed', `token ${printable(id)}`]]));
  return 'ok';
}
