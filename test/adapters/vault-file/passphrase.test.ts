import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemRandomness as randomness } from '#src/adapters/system-randomness.ts';
import { resolvePassphrase } from '#src/adapters/vault-file/passphrase.ts';
import { run } from '../../support/judges.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { fileVault } from './vault-under-test.ts';

let folder: string;
let directory: string;

beforeEach(() => {
  folder = temporaryFolder().path;
  directory = join(folder, 'home', 'vault');
});

const resolve = (env: NodeJS.ProcessEnv = {}) => resolvePassphrase({ env, directory, randomness });

function secretFile(content: string | Uint8Array, mode = 0o600, name = 'secret'): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

function credential(content: string, mode = 0o400): NodeJS.ProcessEnv {
  const credentials = join(folder, 'credentials');
  mkdirSync(credentials);
  secretFile(content, mode, 'credentials/privyseal-vault-passphrase');
  return { CREDENTIALS_DIRECTORY: credentials };
}

function homeFile(content: string, mode = 0o600): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return secretFile(content, mode, 'home/vault/passphrase');
}

describe('the passphrase', () => {
  it('comes from the environment first, and is removed from there', async () => {
    homeFile('from home');
    const file = secretFile('from file');
    const env = { PRIVYSEAL_VAULT_PASSPHRASE: 'from env', PRIVYSEAL_VAULT_PASSPHRASE_FILE: file, PATH: '/bin' };
    expect(await resolve(env)).toEqual({ passphrase: 'from env', source: 'environment', generated: false });
    expect(env).toEqual({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: file, PATH: '/bin' });
  });

  it('comes from the named file second', async () => {
    homeFile('from home');
    const file = secretFile('from file\n');
    const env = { ...credential('from systemd'), PRIVYSEAL_VAULT_PASSPHRASE_FILE: file };
    expect(await resolve(env)).toEqual({ passphrase: 'from file', source: 'file', file, generated: false });
  });

  it('comes from a systemd credential third', async () => {
    homeFile('from home');
    const resolved = await resolve(credential('from systemd', 0o440));
    expect(resolved).toMatchObject({ passphrase: 'from systemd', source: 'credential', generated: false });
  });

  it('comes from the home last, also when systemd passes other credentials only', async () => {
    const file = homeFile('from home\n');
    const found = { passphrase: 'from home', source: 'home', file, generated: false };
    expect(await resolve()).toEqual(found);
    expect(await resolve({ CREDENTIALS_DIRECTORY: folder })).toEqual(found);
  });

  it('loses one line ending, and nothing else', async () => {
    for (const [content, passphrase] of [
      ['a b \n', 'a b '],
      ['a\r\n', 'a'],
      ['a\n\n', 'a\n'],
      ['\n a', '\n a'],
      ['ü', 'ü'],
    ] as const) {
      const env = { PRIVYSEAL_VAULT_PASSPHRASE_FILE: secretFile(content) };
      expect((await resolve(env)).passphrase).toBe(passphrase);
    }
  });

  it('may lie behind a link, as orchestrators mount secrets', async () => {
    const link = join(folder, 'link');
    symlinkSync(secretFile('mounted', 0o440), link);
    expect((await resolve({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: link })).passphrase).toBe('mounted');
  });

  it('may come through a pipe', async () => {
    const pipe = join(folder, 'pipe');
    await run('mkfifo', ['-m', '600', pipe]);
    const reading = resolve({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: pipe });
    writeFileSync(pipe, 'piped\n');
    expect((await reading).passphrase).toBe('piped');
  });
});

describe('a source that is there and cannot be used', () => {
  it.each([
    ['an empty variable', () => ({ PRIVYSEAL_VAULT_PASSPHRASE: '' })],
    ['an empty name of a file', () => ({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: '' })],
    ['a file that is not there', () => ({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: join(folder, 'none') })],
    ['a folder', () => ({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: folder })],
    ['an empty file', () => ({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: secretFile('') })],
    ['a file with nothing but a line ending', () => ({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: secretFile('\n') })],
    ['a file that is no text', () => ({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: secretFile(Buffer.from('ff00', 'hex')) })],
    ['a file that is too long', () => ({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: secretFile('x'.repeat(4097)) })],
    ['an empty credential', () => credential('')],
  ])('stops the start instead of falling through: %s', async (_, env) => {
    homeFile('from home');
    expect(await codeOf(resolve(env()))).toBe('passphraseMissing');
  });

  it.each([
    ['a named file', 0o604, () => ({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: secretFile('x', 0o604) })],
    ['a named file its group may write', 0o660, () => ({ PRIVYSEAL_VAULT_PASSPHRASE_FILE: secretFile('x', 0o660) })],
    ['a credential', 0o444, () => credential('x', 0o444)],
    ['the home’s file', 0o640, () => void homeFile('x', 0o640)],
  ])('because others may read or write it is refused with the command to run: %s', async (_, mode, env) => {
    const error = (await rejectionOf(resolve(env() ?? {}))) as Error;
    expect(error).toMatchObject({ code: 'keyFileOpenToOthers' });
    expect(error.message).toContain(mode.toString(8));
    expect(error.message).toContain('chmod 600');
  });
});

describe('a first run without a passphrase', () => {
  it('makes one of 256 bits, for the owner alone, and says that it did', async () => {
    const { passphrase, file, ...rest } = await resolve();
    expect(rest).toEqual({ source: 'home', generated: true });
    expect(file).toBe(join(directory, 'passphrase'));
    expect(Buffer.from(passphrase, 'base64url')).toHaveLength(32);
    expect(readFileSync(file!, 'utf8')).toBe(`${passphrase}\n`);
    expect((statSync(file!).mode & 0o777).toString(8)).toBe('600');
    expect((statSync(directory).mode & 0o777).toString(8)).toBe('700');
  });

  it('finds the one that a crashed first run made', async () => {
    const { passphrase } = await resolve();
    expect(await resolve()).toMatchObject({ passphrase, generated: false });
  });

  it('makes a different one in each home', async () => {
    const { passphrase } = await resolve();
    directory = join(folder, 'other');
    expect((await resolve()).passphrase).not.toBe(passphrase);
  });

  it('is no first run when there is a vault', async () => {
    const store = fileVault();
    await store.open();
    directory = store.directory;
    expect(await codeOf(resolve())).toBe('passphraseMissing');
    expect(existsSync(store.pathOf('passphrase'))).toBe(false);
  });

  it('is no first run when there is a key without its check file', async () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    secretFile('{}', 0o600, 'home/vault/root.key.json');
    expect(await codeOf(resolve())).toBe('passphraseMissing');
    expect(readdirSync(directory)).toEqual(['root.key.json']);
  });

  it('says so when the home cannot be written', async () => {
    directory = join(secretFile('x'), 'vault');
    expect(await codeOf(resolve())).toBe('passphraseMissing');
  });
});
