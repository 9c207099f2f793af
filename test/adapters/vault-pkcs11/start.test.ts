import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { examinePkcs11 } from '#src/adapters/vault-pkcs11/examine-pkcs11.ts';
import type { CertifiedKey } from '#src/domain/diagnosis/judge-keys.ts';
import { publicKeySha256 } from '#src/domain/x509/public-key.ts';
import { signatureAlgorithms } from '#src/domain/x509/signature-algorithm.ts';
import { print } from '../../contracts/vault.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, run } from '../../support/judges.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { addToken, softwareModule, softwareToken, softwareTokens } from '../../support/software-token.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { closing } from './closing.ts';
import { faultyToken } from './faulty-module.ts';
import { asOwner } from './token-owner.ts';

const source = resolve(import.meta.dirname, '../../../src');
const algorithm = signatureAlgorithms['ecdsa-with-SHA256'];
const reach = { modulePath: softwareModule, sessions: 2, readWriteSessions: false };
const serialOf = (message: string): string => /serial \(?([0-9a-f]+)/.exec(message)?.[1] ?? message;

describeWith(softwareTokens, 'a start with a token', () => {
  it('finds it by its serial number, also among tokens of one label', async () => {
    const token = await softwareToken();
    await addToken(token);
    const ambiguous = await rejectionOf(token.open());
    expect(ambiguous).toMatchObject({ code: 'vaultUnusable' });
    const serial = serialOf((ambiguous as Error).message);
    const vault = closing(await token.open({ token: { ...reach, serial } }));
    await expect(vault.createKey('root', 'ec-p256')).resolves.toMatchObject({ name: 'root' });
    const both = closing(await token.open({ token: { ...reach, serial, label: token.label } }));
    expect(await both.listKeys()).toHaveLength(1);
    const other = closing(await token.open({ token: { ...reach, serial, label: 'other' } }));
    expect(await codeOf(other.listKeys())).toBe('signerUnavailable');
  }, 60_000);

  it('works beside one with another token of the same module', async () => {
    const token = await softwareToken();
    await addToken({ ...token, label: 'second' });
    const first = closing(await token.open());
    const second = closing(await token.open({ name: 'hsm-2', token: { ...reach, label: 'second' } }));
    await first.createKey('root', 'ec-p256');
    expect(await second.listKeys()).toEqual([]);
    expect([first.name, second.name]).toEqual(['hsm', 'hsm-2']);
  }, 60_000);

  it('offers the named keys alone, if some are named', async () => {
    const token = await softwareToken();
    const vault = closing(await token.open());
    for (const name of ['a', 'b', 'c']) await vault.createKey(name, 'ec-p256');
    const some = closing(await token.open({ keys: ['c', 'a', 'missing'] }));
    expect((await some.listKeys()).map(({ name }) => name)).toEqual(['a', 'c']);
  }, 60_000);

  it('is refused where the module is missing, or is none', async () => {
    const token = await softwareToken();
    for (const modulePath of [join(token.folder, 'missing.so'), token.pinFile, process.execPath]) {
      expect(await codeOf(token.open({ token: { ...reach, modulePath, label: token.label } }))).toBe('vaultUnusable');
    }
  }, 60_000);

  it('is refused, and told what to do, where the package pkcs11js is not installed', async () => {
    const { path } = temporaryFolder();
    for (const part of ['adapters/vault-pkcs11', 'adapters/threads', 'domain', 'files', 'ports']) {
      cpSync(join(source, part), join(path, 'src', part), { recursive: true });
    }
    writeFileSync(join(path, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(path, 'open.ts'),
      `import { openPkcs11Vault } from './src/adapters/vault-pkcs11/vault-pkcs11.ts';
       const silent = () => undefined;
       await openPkcs11Vault({
         name: 'hsm', pin: {}, keys: [], env: process.env, log: { info: silent, warn: silent, error: silent },
         token: { modulePath: '${softwareModule}', label: 'x', sessions: 1, readWriteSessions: false },
       }).catch(({ code, message }) => console.log(code, message));`,
    );
    const { stdout } = await run(process.execPath, ['open.ts'], { cwd: path });
    expect(stdout.toString()).toMatch(/^vaultUnusable .*npm ci/);
  }, 60_000);
});

describeWith([...softwareTokens, 'gcc'], 'a PIN', () => {
  it('comes from a variable, which nobody inherits', async () => {
    const token = await softwareToken();
    const env: NodeJS.ProcessEnv = { ...token.env, HSM_PIN: token.pin };
    const vault = closing(await token.open({ pin: { pinVariable: 'HSM_PIN' }, env }));
    expect(await vault.listKeys()).toEqual([]);
    expect(env.HSM_PIN).toBeUndefined();
    expect(await codeOf(token.open({ pin: { pinVariable: 'HSM_PIN' }, env }))).toBe('pinMissing');
  }, 60_000);

  it.each([
    ['is missing', 'pinMissing', undefined, 0o600],
    ['is empty', 'pinMissing', '\n', 0o600],
    ['is too long', 'pinMissing', 'x'.repeat(2000), 0o600],
    ['begins with a byte order mark', 'pinMissing', '\uFEFF123456', 0o600],
    ['is open to others', 'keyFileOpenToOthers', '123456', 0o644],
  ])('from a file that %s stops the start', async (_, code, content, mode) => {
    const token = await softwareToken();
    const pinFile = join(token.folder, 'another-pin');
    if (content !== undefined) writeFileSync(pinFile, content, { mode });
    expect(await codeOf(token.open({ pin: { pinFile } }))).toBe(code);
  });

  it('is asked for by a token with a login', async () => {
    const token = await softwareToken();
    expect(await codeOf(token.open({ pin: {} }))).toBe('pinMissing');
  }, 60_000);

  it('that is wrong costs one attempt, however often the service starts with whatever PIN', async () => {
    const token = await softwareToken();
    const faulty = await faultyToken(token);
    const wrong = join(token.folder, 'wrong');
    for (const pin of ['wrong-1', 'wrong-1', 'wrong-2', token.pin]) {
      writeFileSync(wrong, pin, { mode: 0o600 });
      const refused = await rejectionOf(faulty.open({ pin: { pinFile: wrong } }));
      expect(refused).toMatchObject({ code: 'pinRefused' });
      expect(print(refused)).not.toContain('wrong-');
    }
    expect(faulty.logins()).toBe(1);
    // By hand, with the right one: the token forgets, and the service starts.
    await asOwner(token, async () => undefined);
    closing(await faulty.open());
    expect(faulty.logins()).toBe(2);
  }, 60_000);

  it('that has become wrong is given once, and a right one again at once', async () => {
    const token = await softwareToken();
    const faulty = await faultyToken(token);
    const vault = closing(await faulty.open());
    await vault.createKey('root', 'ec-p256');
    const signer = await vault.signer('root', algorithm);
    writeFileSync(token.pinFile, 'wrong');
    faulty.rules('SignInit 0x32');
    const sign = () => signer.sign(Buffer.from('tbs'));
    await eventually(
      () => codeOf(sign()).then(() => faulty.logins()),
      (count) => count > 1,
    );
    faulty.rules();
    for (let count = 0; count < 20; count += 1) expect(await codeOf(sign())).toBe('signerUnavailable');
    expect(signer.refusal?.()).toMatchObject({ code: 'signerUnavailable' });
    expect(faulty.logins()).toBe(2);
    writeFileSync(token.pinFile, token.pin);
    await eventually(sign, (signature) => signature.length > 0);
    expect(faulty.logins()).toBe(3);
  }, 120_000);

  it.each([
    ['is locked', 'Login 0xa4', 1],
    ['has expired', 'Login 0xa3', 1],
    ['is locked already', 'Token flags 0x40000', 0],
    ['would be locked by one more wrong one', 'Token flags 0x20000', 0],
  ])('that %s stops the start', async (_, rule, attempts) => {
    const token = await softwareToken();
    const faulty = await faultyToken(token);
    faulty.rules(rule);
    expect(await codeOf(faulty.open())).toBe('pinRefused');
    expect(faulty.logins()).toBe(attempts);
  });
});

describeWith(softwareTokens, 'the look of a doctor at a token', () => {
  it('tells what it finds, and what is wrong', async () => {
    const token = await softwareToken();
    const options = {
      name: 'hsm',
      token: { ...reach, label: token.label },
      pin: { pinFile: token.pinFile },
      keys: [],
      env: { ...process.env, ...token.env },
    };
    const { publicKeyDer } = await closing(await token.open()).createKey('root', 'ec-p256');
    const state = async (changes: object, certified: readonly CertifiedKey[] = []) =>
      (await examinePkcs11({ ...options, ...changes }, certified)).map((each) => each.state);
    expect(await state({})).toEqual(['ok']);
    expect(await state({ keys: ['root'] })).toEqual(['ok']);
    expect(await state({ keys: ['root', 'issuing'] })).toEqual(['fail']);
    const root = { authority: 'dev-root', vault: 'hsm', key: 'root', publicKeySha256: publicKeySha256(publicKeyDer) };
    expect(await state({}, [root])).toEqual(['ok']);
    expect(await state({}, [{ ...root, publicKeySha256: publicKeySha256(Buffer.from('another')) }])).toEqual([
      'ok',
      'fail',
    ]);
    expect(await state({}, [{ ...root, key: 'gone' }])).toEqual(['ok', 'fail']);
    expect(await state({ token: { ...reach, label: 'other' } })).toEqual(['fail']);
    expect(await state({ pin: { pinFile: join(token.folder, 'missing') } })).toEqual(['fail']);
    expect(existsSync(token.pinFile)).toBe(true);
  }, 60_000);
});
