/** The passphrases of a change: the old one from a file, from where a start finds it, or from the console; the new one asked for twice. */
import { StartError } from '../../domain/errors.ts';
import type { PassphraseSource } from '../../domain/records/vault-change.ts';
import type { SecretConsole } from '../../ports/secret-console.ts';
import { findPassphrase, fromShares, longestPassphrase, readPassphraseFile } from './passphrase.ts';

export interface OldPassphrasePlaces {
  readonly env: NodeJS.ProcessEnv;
  /** The vault's folder. */
  readonly directory: string;
  readonly console: SecretConsole;
  /** Named for this act alone. */
  readonly file?: string;
}

export interface OldPassphrase {
  readonly passphrase: string;
  readonly source: PassphraseSource;
}

/** StartError `passphraseMissing` when nobody answers either. */
export async function findOldPassphrase(places: OldPassphrasePlaces): Promise<OldPassphrase> {
  const { file, console } = places;
  if (file !== undefined) return { passphrase: await readPassphraseFile(file), source: 'given' };
  const found = (await findPassphrase(places)) ?? (await fromShares(places));
  if (found) return found;
  return { passphrase: await askLine(console, 'Passphrase of the vault: '), source: 'given' };
}

/** StartError `passphraseUnusable` when the two answers differ. */
export async function askNewPassphrase(console: SecretConsole): Promise<string> {
  const passphrase = await askLine(console, 'New passphrase (from a generator: `openssl rand -base64 32`): ');
  const again = await askLine(console, 'The new passphrase again: ');
  if (again === passphrase) return passphrase;
  throw new StartError('passphraseUnusable', 'The two new passphrases differ; nothing has changed. Try again.');
}

async function askLine(console: SecretConsole, question: string): Promise<string> {
  const line = await console.ask(question);
  if (line === undefined || line === '') {
    throw new StartError(
      'passphraseMissing',
      'No passphrase was given. Type it at the console, pipe it in as one line, or name a file that holds it.',
    );
  }
  if (Buffer.byteLength(line) <= longestPassphrase) return line;
  throw new StartError('passphraseUnusable', `A passphrase has at most ${longestPassphrase} octets.`);
}
