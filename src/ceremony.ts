/** The composition root of an offline root: a home with a file vault and a journal, no inventory, no face, and no socket. */
import { join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { journalName, openCeremonyJournal } from './adapters/home-directory/ceremony-journal.ts';
import { type OpenHome, openHomeDirectory } from './adapters/home-directory/home-directory.ts';
import { lockFiles } from './adapters/home-directory/home-lock.ts';
import { listHome } from './adapters/home-directory/list-home.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandomness } from './adapters/system-randomness.ts';
import { askNewPassphrase, findOldPassphrase } from './adapters/vault-file/ask-passphrase.ts';
import type { DerivationCost } from './adapters/vault-file/key-derivation.ts';
import { findPassphrase, readPassphraseFile } from './adapters/vault-file/passphrase.ts';
import { type FileVaultOptions, openFileVault } from './adapters/vault-file/vault-file.ts';
import { type CeremonyEntry, lineHash } from './domain/ceremony/journal.ts';
import { StartError } from './domain/errors.ts';
import { readSigningRequest } from './domain/x509/signing-request.ts';
import type { CeremonyJournal } from './ports/ceremony-journal.ts';
import type { SecretConsole } from './ports/secret-console.ts';
import {
  type CrlWanted,
  makeRoot,
  type RootWanted,
  readCeremony,
  type SigningWanted,
  signCrl,
  signRequest,
} from './services/authorities/hold-ceremony.ts';

export interface CeremonySurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly console: SecretConsole;
  /** Holds the passphrase; without it, it is found as at a start, or asked for. */
  readonly passphraseFile?: string;
  readonly present: readonly string[];
  /** Of the derivation from a new passphrase, if not the usual one. */
  readonly cost?: DerivationCost;
}

export interface CeremonyState {
  readonly entries: readonly CeremonyEntry[];
  /** Hash of the journal's last line. */
  readonly head: string;
}

/** In an empty home. Resolves to the root's certificate. */
export async function ceremonyRoot(
  home: string,
  wanted: RootWanted,
  around: CeremonySurroundings,
): Promise<Uint8Array> {
  await refuseOther(home);
  return withHome(home, async (open, journal) => {
    const passphrase = await newPassphrase(open.path, around);
    const { cost } = around;
    const sealing = { passphrase, ...(cost && { cost }) };
    return withVault(open.path, sealing, (vault) => makeRoot(depsOf(vault, journal), around.present, wanted));
  });
}

/** DER, the issuing certificate first, the root last. CaError says what is wrong with the CSR. */
export async function ceremonySign(
  home: string,
  { csrDer, ...wanted }: SigningWanted & { readonly csrDer: Uint8Array },
  around: CeremonySurroundings,
): Promise<readonly Uint8Array[]> {
  const request = await readSigningRequest(csrDer);
  return withRoot(home, around, (deps) => signRequest(deps, around.present, { request, csrDer, wanted }));
}

export const ceremonyCrl = (home: string, wanted: CrlWanted, around: CeremonySurroundings): Promise<Uint8Array> =>
  withRoot(home, around, (deps) => signCrl(deps, around.present, wanted));

/** Asks for no passphrase: nothing of it is secret. */
export async function ceremonyState(home: string): Promise<CeremonyState> {
  const journal = openCeremonyJournal(home);
  const entries = await readCeremony(journal);
  return { entries, head: lineHash((await journal.lines()).at(-1) ?? '') };
}

type Deps = Parameters<typeof signCrl>[0];

async function withRoot<T>(home: string, around: CeremonySurroundings, act: (deps: Deps) => Promise<T>): Promise<T> {
  // Before the lock makes a folder, and before anybody is asked for a passphrase.
  await ceremonyState(home);
  return withHome(home, async (open, journal) => {
    const { env, console, passphraseFile: file } = around;
    const directory = join(open.path, 'vault');
    const { passphrase } = await findOldPassphrase({ env, directory, console, ...(file !== undefined && { file }) });
    return withVault(open.path, { passphrase }, (vault) => act(depsOf(vault, journal)));
  });
}

async function withHome<T>(home: string, act: (open: OpenHome, journal: CeremonyJournal) => Promise<T>): Promise<T> {
  const open = await openHomeDirectory(home);
  try {
    return await act(open, openCeremonyJournal(open.path));
  } finally {
    await open.release();
  }
}

async function withVault<T>(
  home: string,
  sealing: Pick<FileVaultOptions, 'passphrase' | 'cost'>,
  act: (vault: Deps['vault']) => Promise<T>,
): Promise<T> {
  const vault = await openFileVault({ directory: join(home, 'vault'), ...sealing, randomness: systemRandomness });
  try {
    return await act(vault);
  } finally {
    await vault.close();
  }
}

const depsOf = (vault: Deps['vault'], journal: CeremonyJournal): Deps => ({
  ...{ vault, journal, clock: systemClock, randomness: systemRandomness },
  program: `privyseal ${packageJson.version}, Node ${process.version}, OpenSSL ${process.versions.openssl}`,
});

async function newPassphrase(home: string, { env, console, passphraseFile }: CeremonySurroundings): Promise<string> {
  if (passphraseFile !== undefined) return readPassphraseFile(passphraseFile);
  const found = await findPassphrase({ env, directory: join(home, 'vault') });
  return found?.passphrase ?? askNewPassphrase(console);
}

/** What a ceremony that was cut short before its root leaves; anything else is another home. */
const leftovers: ReadonlySet<string> = new Set([...lockFiles, 'vault', journalName]);

async function refuseOther(home: string): Promise<void> {
  const names = await listHome(home);
  if (names.every((name) => leftovers.has(name))) return;
  throw new StartError(
    'homeNotEmpty',
    `${home} is not empty. A root gets a home of its own: name a new folder with --home DIR.`,
  );
}
