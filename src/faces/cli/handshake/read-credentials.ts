/** Reads what a handshake shows and is judged by, and says of each file what is wrong with it before anything is connected. */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CliError } from '../cli-error.ts';
import { readNamedText } from '../named-file.ts';
import { assertCertificates, assertPair } from '../pem-files.ts';
import type { GlobalOptions, Session } from '../session.ts';

export interface Credentials {
  /** What the server is judged by, for people. */
  readonly trust: string;
  readonly pem: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** CliError `usage`, `credentialMissing` or `fileUnreadable`. */
export async function readCredentials(session: Session, options: GlobalOptions): Promise<Credentials> {
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new CliError('usage', 'One of --cert and --key was given without the other. Give both.');
  }
  const own = join(session.home, 'trust', 'system.pem');
  const ca = (await named(session, options.ca, '--ca')) ?? (await readFile(own, 'utf8').catch(() => undefined));
  if (options.ca !== undefined) assertCertificates({ file: session.path(options.ca), pem: ca! });
  const [cert, key] = [await named(session, options.cert, '--cert'), await named(session, options.key, '--key')];
  if (cert !== undefined && key !== undefined) {
    assertPair({ file: session.path(options.cert!), pem: cert }, { file: session.path(options.key!), pem: key });
  }
  const inside = relative(session.io.cwd, own);
  const shown = inside.startsWith('..') ? own : inside;
  const trust = options.ca ?? (ca === undefined ? 'the roots that Node brings' : shown);
  return { trust, pem: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } };
}

const uses = {
  '--ca': 'what to trust',
  '--cert': 'the client certificate',
  '--key': 'the client certificate’s key',
} as const;

async function named(
  session: Session,
  name: string | undefined,
  option: keyof typeof uses,
): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const advice = `Name a PEM file with ${option}.`;
  return readNamedText({ file: session.path(name), what: uses[option], advice, isCredential: true });
}
