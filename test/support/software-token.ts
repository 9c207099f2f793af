/** A token of SoftHSM2 in a folder of its own, with a PIN: what an HSM would be, judged by the same module interface. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { openPkcs11Vault, type Pkcs11VaultOptions } from '#src/adapters/vault-pkcs11/vault-pkcs11.ts';
import type { Vault } from '#src/ports/vault.ts';
import { type Judge, type JudgeName, run } from './judges.ts';

/** Where the modules of the tokens' processes are cached when they have been compiled once. */
const compileCache = join(tmpdir(), 'privyseal-test-compile-cache');

/** Where Debian for this or another processor, and Fedora, install the module. */
const modulePlaces = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
];

export const softwareModule = modulePlaces.find((path) => existsSync(path)) ?? modulePlaces[0]!;

const library = resolve(import.meta.dirname, '../../node_modules/pkcs11js/build/Release/pkcs11.node');

const found = (path: string, missing: string): Judge => (existsSync(path) ? { path } : { missing });

/** SoftHSM2, and pkcs11js, which npm leaves out where it cannot compile it. */
export const softwareTokens: readonly (JudgeName | Judge)[] = [
  'softhsm2-util',
  found(softwareModule, 'the module of SoftHSM2 is not where it is looked for'),
  found(library, 'pkcs11js is not compiled'),
];

export interface SoftwareToken {
  readonly folder: string;
  readonly label: string;
  readonly pin: string;
  readonly pinFile: string;
  /** With which every program sees this token and no other. */
  readonly env: Readonly<Record<string, string>>;
  open(options?: Partial<Pkcs11VaultOptions>): Promise<Vault>;
  dispose(): void;
}

/** For one test, whose end removes it. */
export async function softwareToken(): Promise<SoftwareToken> {
  const token = await makeSoftwareToken();
  onTestFinished(() => token.dispose());
  return token;
}

/** Removed by `dispose`. */
export async function makeSoftwareToken(label = 'ca-test'): Promise<SoftwareToken> {
  const folder = mkdtempSync(join(tmpdir(), 'privyseal-token-'));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'tokens'), { mode: 0o700 });
  const configuration = join(folder, 'softhsm2.conf');
  writeFileSync(
    configuration,
    `directories.tokendir = ${folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  const env = { SOFTHSM2_CONF: configuration, NODE_COMPILE_CACHE: compileCache };
  const pin = `pin-${randomBytes(8).toString('hex')}`;
  const pinFile = join(folder, 'pin');
  writeFileSync(pinFile, `${pin}\n`, { mode: 0o600 });
  await addToken({ label, pin, env });
  const open = (options: Partial<Pkcs11VaultOptions> = {}): Promise<Vault> =>
    openPkcs11Vault({
      name: 'hsm',
      token: { modulePath: softwareModule, label, sessions: 4, readWriteSessions: false },
      pin: { pinFile },
      keys: [],
      env: { ...process.env, ...env },
      log: silent,
      ...options,
    });
  return { folder, label, pin, pinFile, env, open, dispose };
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Another token in the same folder. */
export async function addToken({ label, pin, env }: Pick<SoftwareToken, 'label' | 'pin' | 'env'>): Promise<void> {
  const args = ['--init-token', '--free', '--label', label, '--so-pin', '87654321', '--pin', pin];
  const { code, stderr } = await run('softhsm2-util', args, { env });
  if (code !== 0) throw new Error(`softhsm2-util: ${stderr}`);
}
