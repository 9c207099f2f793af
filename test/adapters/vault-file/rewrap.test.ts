/** A vault's passphrase changes for all its keys at once: whatever is killed when, exactly one known passphrase opens them. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemRandomness } from '#src/adapters/system-randomness.ts';
import { readVaultFiles } from '#src/adapters/vault-file/list-vault-files.ts';
import { type Rewrapping, stageRewrap } from '#src/adapters/vault-file/rewrap.ts';
import { defaultSignatureAlgorithm } from '#src/domain/x509/signature-algorithm.ts';
import { codeOf } from '../../support/rejection.ts';
import { cheapest, type FileVaultUnderTest, fileVault, passphrase } from './vault-under-test.ts';

/** Steps on the file system before the power fails; every one after that fails, too, so that nothing is tidied up. */
const power = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY, used: 0 }));

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const spend = (): void => {
    power.used += 1;
    if (power.left-- <= 0) throw Object.assign(new Error('the power failed'), { code: 'EIO' });
  };
  const step =
    <Args extends unknown[], Result>(act: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      spend();
      return act(...args);
    };
  const open = async (...args: Parameters<typeof real.open>) => {
    spend();
    const handle = await real.open(...args);
    const write = handle.writeFile.bind(handle);
    const sync = handle.sync.bind(handle);
    // A file may be cut off, and a write may be lost that was not synced.
    handle.writeFile = async (content) => {
      if (power.left === 1) await write(String(content).slice(0, 100));
      spend();
      await write(content);
    };
    handle.sync = async () => {
      spend();
      await sync();
    };
    return handle;
  };
  const { rename, link, unlink, mkdir, rmdir, rm } = real;
  const steps = { rename, link, unlink, mkdir, rmdir, rm };
  const counted = Object.fromEntries(Object.entries(steps).map(([name, act]) => [name, step(act as never)]));
  return { ...real, ...counted, open, default: { ...real, ...counted, open } };
});

afterEach(() => {
  power.left = Number.POSITIVE_INFINITY;
});

const next = 'a passphrase of its own';
const names = ['a', 'b', 'c'];

async function filled(): Promise<FileVaultUnderTest> {
  const store = fileVault();
  const vault = await store.open();
  for (const name of names) await vault.createKey(name, 'ed25519');
  await vault.close();
  return store;
}

const change = async (store: FileVaultUnderTest, more: Partial<Rewrapping> = {}): Promise<number> => {
  const given = { directory: store.directory, from: passphrase, to: next, randomness: systemRandomness };
  const staged = await stageRewrap({ ...given, cost: cheapest, ...more });
  await staged.commit();
  return staged.keys;
};

/** The passphrases that open the vault with every key of it; a second look, after what the first has settled. */
async function openers(store: FileVaultUnderTest): Promise<string[]> {
  const opening: string[] = [];
  for (const candidate of [passphrase, next]) {
    try {
      const vault = await store.open({ passphrase: candidate });
      const keys = await vault.listKeys();
      const signer = await vault.signer('a', defaultSignatureAlgorithm('ed25519'));
      await signer.sign(Buffer.from('tbs'));
      await vault.close();
      opening.push(`${candidate}: ${keys.map(({ name }) => name).join(' ')}`);
    } catch (error) {
      expect(error).toMatchObject({ code: 'passphraseWrong' });
    }
  }
  return opening;
}

describe('a changed passphrase', () => {
  it('opens every key, and the old one none', async () => {
    const store = await filled();
    const before = await (await store.open()).listKeys();
    expect(await change(store)).toBe(3);
    expect(await openers(store)).toEqual([`${next}: a b c`]);
    expect(await (await store.open({ passphrase: next })).listKeys()).toEqual(before);
    expect(readdirSync(store.directory).toSorted()).toEqual(['a.key.json', 'b.key.json', 'c.key.json', 'vault.json']);
  });

  it('is not taken from somebody who does not know the old one, and nothing changes', async () => {
    const store = await filled();
    expect(await codeOf(change(store, { from: 'wrong' }))).toBe('passphraseWrong');
    expect(await openers(store)).toEqual([`${passphrase}: a b c`]);
  });

  it('can be abandoned before it is decided', async () => {
    const store = await filled();
    const given = { directory: store.directory, from: passphrase, to: next, randomness: systemRandomness };
    await (await stageRewrap({ ...given, cost: cheapest })).abandon();
    expect(await openers(store)).toEqual([`${passphrase}: a b c`]);
  });

  it('needs a vault', async () => {
    const store = fileVault();
    await (await store.open()).close();
    const empty = fileVault();
    expect(await codeOf(change(empty))).toBe('homeEmpty');
    expect(await change(store)).toBe(0);
  });

  it('brings and takes companions along', async () => {
    const store = await filled();
    store.put('passphrase', `${passphrase}\n`);
    await change(store, { adds: { 'shares.json': '{}\n' }, removes: ['passphrase'] });
    expect(existsSync(store.pathOf('passphrase'))).toBe(false);
    expect(store.read('shares.json').toString()).toBe('{}\n');
  });

  it('can be changed again and again, without running into the limit of salts', async () => {
    const store = await filled();
    for (let round = 0; round < 6; round++) await change(store, { from: round === 0 ? passphrase : next });
    expect(await openers(store)).toEqual([`${next}: a b c`]);
  });
});

describe('when the power fails during the change', () => {
  it('opens with exactly one of the two passphrases, after each step', async () => {
    const outcomes: string[] = [];
    for (let steps = 0; ; steps++) {
      const store = await filled();
      store.put('passphrase', `${passphrase}\n`);
      power.left = steps;
      const ended = await change(store, { removes: ['passphrase'] }).then(
        () => true,
        () => false,
      );
      power.left = Number.POSITIVE_INFINITY;
      const backup = await readVaultFiles(store.directory);
      const opening = await openers(store);
      expect(opening, `after ${steps} steps`).toHaveLength(1);
      // The passphrase in the home is the one that opens it, or none is there.
      const kept = existsSync(store.pathOf('passphrase'));
      expect([opening, kept]).toEqual([[`${kept ? passphrase : next}: a b c`], kept]);
      expect(salts(backup), `a backup after ${steps} steps`).toBe(1);
      outcomes.push(kept ? 'old' : 'new');
      if (ended) break;
    }
    expect(outcomes.indexOf('new')).toBeGreaterThan(10);
    expect(outcomes.slice(outcomes.indexOf('new'))).not.toContain('old');
    expect(outcomes.filter((outcome) => outcome === 'new').length).toBeGreaterThan(5);
  });

  it('is settled even when the power fails while it is being settled', async () => {
    for (let steps = 0; steps < 12; steps++) {
      const store = await filled();
      const given = { directory: store.directory, from: passphrase, to: next, randomness: systemRandomness };
      const staged = await stageRewrap({ ...given, cost: cheapest, adds: { passphrase: `${next}\n` } });
      power.left = 2;
      await staged.commit().catch(() => undefined);
      power.left = steps;
      await store.open({ passphrase: next }).catch(() => undefined);
      power.left = Number.POSITIVE_INFINITY;
      expect(await openers(store)).toEqual([`${next}: a b c`]);
      expect(readdirSync(store.directory).filter((name) => name.startsWith('.'))).toEqual([]);
    }
  });
});

const salts = (files: readonly { name: string; content: Uint8Array }[]): number =>
  new Set(files.map(({ content }) => JSON.parse(Buffer.from(content).toString()).kdf.salt)).size;

const source = (file: string): string => new URL(`../../../src/adapters/${file}`, import.meta.url).href;

/** Changes the passphrase to and fro without end, saying which one it goes to before it begins. */
const changer = (directory: string, known: readonly string[], from: number): string => `
  import { writeSync } from 'node:fs';
  import { stageRewrap } from '${source('vault-file/rewrap.ts')}';
  import { systemRandomness as randomness } from '${source('system-randomness.ts')}';
  const known = ${JSON.stringify(known)};
  for (let at = ${from}; ; at = 1 - at) {
    const given = { directory: '${directory}', from: known[at], to: known[1 - at], randomness };
    const staged = await stageRewrap({ ...given, cost: ${JSON.stringify(cheapest)} });
    await staged.commit();
    writeSync(1, 'changed\\n');
  }
`;

function killed(program: string, delayMs: number): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  let changes = 0;
  createInterface({ input: child.stdout }).on('line', () => {
    if (changes === 0) setTimeout(() => child.kill('SIGKILL'), delayMs);
    changes += 1;
  });
  return new Promise((done, failed) => child.on('error', failed).on('close', () => done(changes)));
}

it('opens with exactly one of the two passphrases after kill -9 at any moment', async () => {
  const store = await filled();
  let changes = 0;
  for (let round = 0; round < 10; round++) {
    const [before = ''] = await openers(store);
    const from = before.startsWith(passphrase) ? 0 : 1;
    changes += await killed(changer(store.directory, [passphrase, next], from), 7 * round);
    expect(await openers(store)).toHaveLength(1);
  }
  expect(changes).toBeGreaterThanOrEqual(10);
  expect(existsSync(join(store.directory, '.rewrap'))).toBe(false);
});
