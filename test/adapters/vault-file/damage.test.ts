import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { sealKey } from '#src/adapters/vault-file/formats.ts';
import { generateKey } from '#src/adapters/vault-file/generate-key.ts';
import { deriveKey } from '#src/adapters/vault-file/key-derivation.ts';
import { formatSealedFile, parseSealedFile } from '#src/adapters/vault-file/sealed-file.ts';
import { defaultSignatureAlgorithm } from '#src/domain/x509/signature-algorithm.ts';
import { judgesRequired } from '../../support/judges.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { tries } from '../../support/tries.ts';
import { type FileVaultUnderTest, fileVault, passphrase } from './vault-under-test.ts';

const keyFile = 'root.key.json';
let store: FileVaultUnderTest;

/** A vault with one P-256 key, closed. */
beforeEach(async () => {
  store = fileVault();
  const vault = await store.open();
  await vault.createKey('root', 'ec-p256');
  await vault.close();
});

const opening = () => codeOf(store.open());

interface StoredJson {
  format: string;
  name: string;
  type: string;
  publicKey: string;
  kdf: Record<string, string | number>;
  sealed: Record<string, string>;
}

type Forgery = (json: StoredJson) => unknown;

/** The JSON of a file, changed, with a checksum that fits again: what a forger writes, not what a disk does to a file. */
function forge(file: string, change: Forgery): void {
  const { sha256: _, ...body } = JSON.parse(store.read(file).toString());
  change(body);
  const sha256 = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  store.put(file, `${JSON.stringify({ ...body, sha256 }, null, 2)}\n`);
}

describe('a wrong passphrase', () => {
  it('is told from damage', async () => {
    expect(await codeOf(store.open({ passphrase: 'wrong' }))).toBe('passphraseWrong');
  });

  it('is told although the check file is missing', async () => {
    rmSync(store.pathOf('vault.json'));
    expect(await codeOf(store.open({ passphrase: 'wrong' }))).toBe('passphraseWrong');
    expect(existsSync(store.pathOf('vault.json'))).toBe(false);
  });

  it('is told although the check file is damaged', async () => {
    store.put('vault.json', 'x');
    expect(await codeOf(store.open({ passphrase: 'wrong' }))).toBe('passphraseWrong');
  });

  it('is told for a vault without keys', async () => {
    rmSync(store.pathOf(keyFile));
    expect(await codeOf(store.open({ passphrase: 'wrong' }))).toBe('passphraseWrong');
  });

  it('differs from the right one by as little as a blank', async () => {
    expect(await codeOf(store.open({ passphrase: 'correct horse battery staple ' }))).toBe('passphraseWrong');
  });

  it('is never shown', async () => {
    const error = (await rejectionOf(store.open({ passphrase: 'hunter2-hunter2' }))) as Error;
    expect(`${error.message}${error.stack}`).not.toContain('hunter2');
  });

  it('is missing when it is empty', async () => {
    expect(await codeOf(store.open({ passphrase: '' }))).toBe('passphraseMissing');
  });
});

describe('a damaged key file', () => {
  it('is named, with what to do', async () => {
    store.put(keyFile, store.read(keyFile).subarray(0, 100));
    const error = (await rejectionOf(store.open())) as Error;
    expect(error).toMatchObject({ code: 'keyFileDamaged' });
    expect(error.message).toContain(store.pathOf(keyFile));
    expect(error.message).toContain('backup');
  });

  it('is noticed wherever it is cut off', async () => {
    const whole = store.read(keyFile);
    const step = judgesRequired ? 1 : 4;
    for (let length = 0; length < whole.length; length += step) {
      store.put(keyFile, whole.subarray(0, length));
      expect(await opening(), `cut at ${length}`).toBe('keyFileDamaged');
    }
  });

  it('is noticed whichever of its octets is changed', async () => {
    const whole = store.read(keyFile);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([at, difference]) => {
        const changed = Buffer.from(whole);
        changed[at]! ^= difference;
        store.put(keyFile, changed);
        expect(await opening()).toBe('keyFileDamaged');
      }),
      { numRuns: tries(500) },
    );
  });

  it('is noticed when octets are added', async () => {
    for (const text of [`${store.read(keyFile)}\n`, ` ${store.read(keyFile)}`, `\uFEFF${store.read(keyFile)}`]) {
      store.put(keyFile, text);
      expect(await opening()).toBe('keyFileDamaged');
    }
  });

  it('is noticed when it is forged field by field', async () => {
    const whole = store.read(keyFile);
    const forgeries: Forgery[] = [
      (json) => (json.type = 'ec-p384'),
      (json) => (json.type = 'none'),
      (json) => (json.format = 'privyseal-key/2'),
      (json) => (json.publicKey = json.publicKey.replace(/.{4}$/, 'AAA=')),
      (json) => (json.kdf.passes = 2),
      (json) => (json.kdf.memoryKiB = 16),
      (json) => (json.kdf.salt = Buffer.alloc(16).toString('base64')),
      (json) => (json.sealed.nonce = Buffer.alloc(12).toString('base64')),
      (json) => (json.sealed.tag = Buffer.alloc(16).toString('base64')),
      (json) => (json.sealed.ciphertext = ''),
      (json) => (json.sealed.cipher = 'aes-256-ctr'),
      (json) => Object.assign(json, { extra: 'x' }),
      (json) => Reflect.deleteProperty(json, 'kdf'),
      (json) => Reflect.deleteProperty(json, 'sealed'),
      (json) => Object.assign(json, { kdf: null }),
      (json) => (json.kdf.name = 'scrypt'),
    ];
    for (const change of forgeries) {
      store.put(keyFile, whole);
      forge(keyFile, change);
      expect(await opening(), change.toString()).toBe('keyFileDamaged');
    }
  });

  it('costs no memory when its parameters ask for much', async () => {
    const whole = store.read(keyFile);
    const demands = [
      { memoryKiB: 4_194_304 },
      { memoryKiB: 262_144, passes: 16 },
      { passes: 4_000_000_000 },
      { parallelism: 1_000_000 },
      { memoryKiB: 7 },
      { memoryKiB: 64.5 },
      { passes: 0 },
      { salt: '' },
    ];
    for (const demand of demands) {
      store.put(keyFile, whole);
      forge(keyFile, (json) => Object.assign(json.kdf, demand));
      expect(await opening(), JSON.stringify(demand)).toBe('keyFileDamaged');
    }
  });

  it('is noticed when the files of two keys are swapped', async () => {
    const vault = await store.open();
    await vault.createKey('issuing', 'ec-p256');
    const [root, issuing] = [store.read(keyFile), store.read('issuing.key.json')];
    store.put(keyFile, issuing);
    store.put('issuing.key.json', root);
    expect(await opening()).toBe('keyFileDamaged');
  });

  it('is noticed when it is renamed, inside and outside', async () => {
    renameSync(store.pathOf(keyFile), store.pathOf('other.key.json'));
    expect(await opening()).toBe('keyFileDamaged');
    forge('other.key.json', (json) => (json.name = 'other'));
    expect(await opening()).toBe('keyFileDamaged');
  });

  it('is one that another passphrase sealed', async () => {
    const other = fileVault();
    const vault = await other.open({ passphrase: 'another' });
    await vault.createKey('foreign', 'ec-p256');
    store.put('foreign.key.json', other.read('foreign.key.json'));
    expect(await opening()).toBe('keyFileDamaged');
  });

  it('is one that is too large, a folder, or a link', async () => {
    store.put('big.key.json', Buffer.alloc(70_000, 32));
    expect(await opening()).toBe('keyFileDamaged');
    rmSync(store.pathOf('big.key.json'));
    mkdirSync(store.pathOf('folder.key.json'));
    expect(await opening()).toBe('keyFileDamaged');
    rmSync(store.pathOf('folder.key.json'), { recursive: true });
    renameSync(store.pathOf(keyFile), store.pathOf('elsewhere'));
    symlinkSync(store.pathOf('elsewhere'), store.pathOf(keyFile));
    expect(await opening()).toBe('keyFileDamaged');
    renameSync(store.pathOf('elsewhere'), store.pathOf(keyFile));
    await expect(store.open()).resolves.toBeDefined();
  });

  it('is one whose private key is not that of its public key', async () => {
    const { publicKeyDer } = await (await fileVault().open()).createKey('other', 'ec-p256');
    const { kdf } = parseSealedFile(store.read(keyFile).toString(), ['format', 'name', 'type', 'publicKey'])!;
    const wrapping = { kdf, key: await deriveKey(passphrase, kdf) };
    const key = {
      facts: { name: 'root', type: 'ec-p256', publicKeyDer },
      ...(await generateKey['ec-p256']()),
    } as const;
    store.put(keyFile, formatSealedFile(sealKey(key, wrapping, Buffer.alloc(12))));
    expect(await opening()).toBe('keyFileDamaged');
  });

  it('is left as it is', async () => {
    store.put(keyFile, 'x');
    await opening();
    expect(store.read(keyFile).toString()).toBe('x');
  });
});

describe('keys of an earlier vault with the same passphrase', () => {
  it('open beside those of this one', async () => {
    const other = fileVault();
    await (await other.open()).createKey('restored', 'ec-p256');
    store.put('restored.key.json', other.read('restored.key.json'));
    const vault = await store.open();
    expect((await vault.listKeys()).map((key) => key.name)).toEqual(['restored', 'root']);
    await expect(vault.signer('restored', defaultSignatureAlgorithm('ec-p256'))).resolves.toBeDefined();
  });

  it('come from a few vaults at most, because each costs a derivation', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      const other = fileVault();
      await (await other.open()).createKey(name, 'ec-p256');
      store.put(`${name}.key.json`, other.read(`${name}.key.json`));
    }
    expect(await opening()).toBe('keyFileDamaged');
  });
});

describe('the check file', () => {
  it('is made anew when it is missing and a key proves the passphrase', async () => {
    rmSync(store.pathOf('vault.json'));
    await store.open();
    expect(existsSync(store.pathOf('vault.json'))).toBe(true);
    rmSync(store.pathOf(keyFile));
    expect(await codeOf(store.open({ passphrase: 'wrong' }))).toBe('passphraseWrong');
    await expect(store.open()).resolves.toBeDefined();
  });

  it('is named when it is cut off or forged, and can be moved away', async () => {
    const whole = store.read('vault.json');
    const spoilers = [
      () => store.put('vault.json', whole.subarray(0, 50)),
      () => store.put('vault.json', ''),
      () => forge('vault.json', (json) => (json.sealed.tag = Buffer.alloc(16).toString('base64'))),
      () => forge('vault.json', (json) => (json.kdf.passes = 2)),
    ];
    for (const spoil of spoilers) {
      store.put('vault.json', whole);
      spoil();
      const error = (await rejectionOf(store.open())) as Error;
      expect(error).toMatchObject({ code: 'keyFileDamaged' });
      expect(error.message).toContain(store.pathOf('vault.json'));
    }
    rmSync(store.pathOf('vault.json'));
    await expect(store.open()).resolves.toBeDefined();
  });

  it('is named when it is damaged and guards no key', async () => {
    rmSync(store.pathOf(keyFile));
    store.put('vault.json', 'x');
    expect(await opening()).toBe('keyFileDamaged');
  });
});

// Windows has no modes; there the folder's access list is what counts.
describe('files open to others', () => {
  it.each([0o640, 0o604, 0o620, 0o601, 0o660, 0o644])(
    'are refused with mode %o, with the command to run',
    async (mode) => {
      for (const file of [keyFile, 'vault.json']) {
        chmodSync(store.pathOf(file), mode);
        const error = (await rejectionOf(store.open())) as Error;
        expect(error).toMatchObject({ code: 'keyFileOpenToOthers' });
        expect(error.message).toContain(`chmod 600 ${store.pathOf(file)}`);
        chmodSync(store.pathOf(file), 0o600);
      }
    },
  );

  it('are refused when their folder is', async () => {
    chmodSync(store.directory, 0o755);
    const error = (await rejectionOf(store.open())) as Error;
    expect(error).toMatchObject({ code: 'keyFileOpenToOthers' });
    expect(error.message).toContain(`chmod 700 ${store.directory}`);
  });

  it('are not refused when nobody but the owner may read them', async () => {
    chmodSync(store.pathOf(keyFile), 0o400);
    await expect(store.open()).resolves.toBeDefined();
  });

  it.runIf(process.geteuid?.() === 0)('are refused when they belong to somebody else', async () => {
    chownSync(store.pathOf(keyFile), 12_345, 12_345);
    const error = (await rejectionOf(store.open())) as Error;
    expect(error).toMatchObject({ code: 'keyFileOpenToOthers' });
    expect(error.message).toContain('chown');
  });
});

it('opens beside files that are none of its own, such as those that a crash left, and leaves them alone', async () => {
  const others = ['.issuing.key.json.0123456789abcdef.tmp', '.vault.json.0123456789abcdef.tmp', 'notes.txt'];
  for (const name of others) store.put(name, '{');
  const vault = await store.open();
  expect((await vault.listKeys()).map((key) => key.name)).toEqual(['root']);
  expect(readdirSync(store.directory).sort()).toEqual([...others, keyFile, 'vault.json']);
});

describe('a key whose file somebody removed', () => {
  it('is destroyed as well as any, in memory, too', async () => {
    const vault = await store.open();
    unlinkSync(store.pathOf(keyFile));
    await vault.destroyKey('root');
    expect(await vault.listKeys()).toEqual([]);
  });

  it('is not taken for destroyed while the whole folder is away', async () => {
    const vault = await store.open();
    renameSync(store.directory, `${store.directory}.away`);
    expect(await codeOf(vault.destroyKey('root'))).toBe('signerUnavailable');
    expect((await vault.listKeys()).map(({ name }) => name)).toEqual(['root']);
  });
});

it('makes its folder and files for the owner alone, whatever the umask', async () => {
  const before = process.umask(0);
  try {
    const fresh = fileVault();
    await (await fresh.open()).createKey('root', 'ec-p256');
    const mode = (file: string): string => (statSync(fresh.pathOf(file)).mode & 0o777).toString(8);
    expect([mode('.'), mode(keyFile), mode('vault.json')]).toEqual(['700', '600', '600']);
  } finally {
    process.umask(before);
  }
});

it('seals every file with a nonce of its own, under one salt', async () => {
  const vault = await store.open();
  await vault.createKey('issuing', 'ec-p256');
  const files = [keyFile, 'issuing.key.json', 'vault.json'].map((file) => JSON.parse(store.read(file).toString()));
  expect(new Set(files.map((file) => file.sealed.nonce)).size).toBe(3);
  expect(new Set(files.map((file) => file.kdf.salt)).size).toBe(1);
});
