/** Reads what a handshake shows and is judged by, and says of each file what is wrong with it before anything is connected. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { certificatesIn } from '../../../domain/diagnosis/judge-server-chain.ts';
import { CliError } from '../cli-error.ts';
import type { GlobalOptions, Session } from '../session.ts';

export interface Credentials {
  /** What the server is judged by, for people. */
  readonly trust: string;
  readonly pem: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** CliError `usage` or `credentialMissing`. */
export async function readCredentials(session: Session, options: GlobalOptions): Promise<Credentials> {
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new CliError('usage', 'One of --cert and --key was given without the other. Give both.');
  }
  const own = join(session.home, 'trust', 'system.pem');
  const ca = (await named(session, options.ca)) ?? (await readFile(own, 'utf8').catch(() => undefined));
  if (options.ca !== undefined) assertCertificates(session.path(options.ca), ca!);
  const [cert, key] = [await named(session, options.cert), await named(session, options.key)];
  if (cert !== undefined && key !== undefined) {
    assertPair({ file: session.path(options.cert!), pem: cert }, { file: session.path(options.key!), pem: key });
  }
  const inside = relative(session.io.cwd, own);
  const shown = inside.startsWith('..') ? own : inside;
  const trust = options.ca ?? (ca === undefined ? 'the roots that Node brings' : shown);
  return { trust, pem: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } };
}

async function named(session: Session, name: string | undefined): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const file = session.path(name);
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new CliError('credentialMissing', `${file} cannot be read. Name a PEM file that is there.`, error);
  });
}

interface PemFile {
  readonly file: string;
  readonly pem: string;
}

function assertCertificates(file: string, pem: string): void {
  if (certificatesIn(pem).length === 0) throw new CliError('usage', `${file} holds no certificate in PEM.`);
}

function assertPair(cert: PemFile, key: PemFile): void {
  assertCertificates(cert.file, cert.pem);
  const [own] = certificatesIn(cert.pem);
  if (own!.checkPrivateKey(privateKeyOf(key))) return;
  throw new CliError('usage', `${key.file} is not the key of the first certificate in ${cert.file}.`);
}

function privateKeyOf({ file, pem }: PemFile): KeyObject {
  if (/ENCRYPTED/.test(pem)) {
    const advice = `Decrypt it into a file of your own: (umask 077; openssl pkey -in ${file} -out plain.key).`;
    throw new CliError('usage', `${file} is encrypted, and no passphrase is asked for here. ${advice}`);
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new CliError('usage', `${file} holds no private key in PEM.`, error);
  }
}
