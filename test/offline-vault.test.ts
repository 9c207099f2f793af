/** `vault passwd` and `vault split` on a real home, without the command line. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { openHomeDirectory } from '../src/adapters/home-directory/home-directory.ts';
import { systemRandomness } from '../src/adapters/system-randomness.ts';
import { examineVault } from '../src/adapters/vault-file/examine-vault.ts';
import { readVaultFiles } from '../src/adapters/vault-file/list-vault-files.ts';
import { stageRewrap } from '../src/adapters/vault-file/rewrap.ts';
import { settleRewrap } from '../src/adapters/vault-file/rewrap-folder.ts';
import { splitPassphrase } from '../src/adapters/vault-file/shares.ts';
import { openFileVault } from '../src/adapters/vault-file/vault-file.ts';
import { loadConfig } from '../src/config.ts';
import type { DeliverShares, ShareHandout } from '../src/domain/records/vault-change.ts';
import type { CliIo } from '../src/faces/cli/terminal/io.ts';
import { deliverShares } from '../src/faces/cli/vaults/vault-split.ts';
import { changePassphrase, type PassphraseInput, type SplitInput, splitVault } from '../src/offline-vault.ts';
import { openVaults } from '../src/open-vaults.ts';
import { cheapest } from './adapters/vault-file/vault-under-test.ts';
import { startBackground } from './support/background.ts';
import { codeOf } from './support/rejection.ts';
import { firstRunService } from './support/service-builder.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const old = 'the old passphrase';
const fresh = 'the fresh passphrase';

/** Answers what it is asked in this order, and then nothing more. */
function answering(...answers: readonly string[]) {
  const left: (string | undefined)[] = [...answers];
  const told: string[] = [];
  return { ask: async () => left.shift(), tell: (line: string) => void told.push(line), told, left };
}

async function homeWithVault(passphrase = old): Promise<string> {
  const home = join(temporaryFolder().path, 'data');
  mkdirSync(home, { mode: 0o700 });
  const options = { directory: join(home, 'vault'), passphrase, randomness: systemRandomness, cost: cheapest };
  const vault = await openFileVault(options);
  await vault.createKey('root', 'ed25519');
  await vault.close();
  return home;
}

const opens = async (home: string, passphrase: string): Promise<boolean> => {
  const options = { directory: join(home, 'vault'), passphrase, randomness: systemRandomness };
  return openFileVault(options).then(
    (vault) => vault.close().then(() => true),
    () => false,
  );
};

function secretFile(text: string, mode = 0o600): string {
  const file = join(temporaryFolder().path, 'secret');
  writeFileSync(file, text, { mode });
  return file;
}

interface Given extends Partial<PassphraseInput> {
  readonly env?: NodeJS.ProcessEnv;
  readonly console?: ReturnType<typeof answering>;
}

async function change(home: string, { env = {}, console = answering(), ...input }: Given) {
  const config = await loadConfig({}, temporaryFolder().path, { home });
  return changePassphrase(config, { keepInHome: false, ...input }, { env, console, cost: cheapest });
}

describe('changing the passphrase', () => {
  it('asks for the old one and twice for the new one', async () => {
    const home = await homeWithVault();
    const report = await change(home, { console: answering(old, fresh, fresh) });
    expect(report).toMatchObject({ keys: 1, source: 'given', keptIn: null, removed: [], missing: [] });
    expect(report.written).toEqual(['root.key.json', 'vault.json'].map((name) => join(home, 'vault', name)));
    expect([await opens(home, old), await opens(home, fresh)]).toEqual([false, true]);
  });

  it('reads both from files', async () => {
    const home = await homeWithVault();
    await change(home, { oldFile: secretFile(`${old}\n`), newFile: secretFile(`${fresh}\n`) });
    expect(await opens(home, fresh)).toBe(true);
  });

  it('finds the old one where a start does', async () => {
    const home = await homeWithVault();
    const env = { PRIVYSEAL_VAULT_PASSPHRASE_FILE: secretFile(old) };
    expect(await change(home, { env, newFile: secretFile(fresh) })).toMatchObject({ source: 'file' });
    expect(await opens(home, fresh)).toBe(true);
  });

  it('takes the old one out of the home, where it would stop the next start', async () => {
    const home = await homeWithVault();
    const file = join(home, 'vault/passphrase');
    writeFileSync(file, `${old}\n`, { mode: 0o600 });
    expect(await change(home, { newFile: secretFile(fresh) })).toMatchObject({ source: 'home', removed: [file] });
    expect(existsSync(file)).toBe(false);
  });

  it('leaves the new one in the home only when it is told to', async () => {
    const home = await homeWithVault();
    const file = join(home, 'vault/passphrase');
    writeFileSync(file, `${old}\n`, { mode: 0o600 });
    const report = await change(home, { newFile: secretFile(fresh), keepInHome: true });
    expect(report).toMatchObject({ keptIn: file, removed: [], written: expect.arrayContaining([file]) });
    expect(readFileSync(file, 'utf8')).toBe(`${fresh}\n`);
  });

  it.each([
    ['a wrong old passphrase', 'passphraseWrong', answering('wrong', fresh, fresh)],
    ['two new ones that differ', 'passphraseUnusable', answering(old, fresh, 'frehs')],
    ['the old one again', 'passphraseUnusable', answering(old, old, old)],
    ['one that is too long', 'passphraseUnusable', answering(old, 'x'.repeat(4097))],
    ['an empty one', 'passphraseMissing', answering(old, '')],
    ['nobody to ask', 'passphraseMissing', answering()],
  ])('refuses %s, and changes nothing', async (_what, code, console) => {
    const home = await homeWithVault();
    expect(await codeOf(change(home, { console }))).toBe(code);
    expect(await opens(home, old)).toBe(true);
  });

  it.each([
    ['oldFile', 'passphraseMissing', (): string => '/nowhere/secret'],
    ['newFile', 'passphraseMissing', (): string => '/nowhere/secret'],
    ['newFile', 'keyFileOpenToOthers', () => secretFile(fresh, 0o644)],
  ] as const)('refuses a %s with %s', async (option, code, file) => {
    const home = await homeWithVault();
    const input = { oldFile: secretFile(old), newFile: secretFile(fresh), [option]: file() };
    expect(await codeOf(change(home, input))).toBe(code);
    expect(await opens(home, old)).toBe(true);
  });

  it('is refused while a service has the home', async () => {
    const home = await homeWithVault();
    const held = await openHomeDirectory(home);
    try {
      expect(await codeOf(change(home, { console: answering(old, fresh, fresh) }))).toBe('homeLocked');
    } finally {
      await held.release();
    }
  });

  it('names the keys of authorities that are missing, before anything changes and after it', async () => {
    const home = join(temporaryFolder().path, 'data');
    await (await firstRunService({ home })).close();
    const file = readdirSync(join(home, 'vault'))
      .filter((name) => name.startsWith('dev-root.'))
      .map((name) => join(home, 'vault', name))[0]!;
    rmSync(file);
    const tells = answering();
    const told = change(home, { console: tells });
    expect(await codeOf(told)).toBe('passphraseMissing');
    expect(tells.told).toEqual([expect.stringContaining(`${file} is missing, the key of dev-root.`)]);
    const report = await change(home, { console: answering('only a test', fresh, fresh) });
    expect(report.missing).toEqual([{ authority: 'dev-root', file }]);
    expect(await opens(home, fresh)).toBe(true);
  });

  /** The vault has the keys `leaf` and `root`; that of `leaf` was put back from before its passphrase became the fresh one. */
  async function homeWithOlderKey(): Promise<string> {
    const home = await homeWithVault();
    const directory = join(home, 'vault');
    const options = { directory, randomness: systemRandomness, cost: cheapest };
    const vault = await openFileVault({ ...options, passphrase: old });
    await vault.createKey('leaf', 'ed25519');
    await vault.close();
    const backup = readFileSync(join(directory, 'leaf.key.json'));
    await change(home, { console: answering(old, fresh, fresh) });
    writeFileSync(join(directory, 'leaf.key.json'), backup, { mode: 0o600 });
    return home;
  }

  it('takes in a key that an earlier passphrase sealed, and may keep the one in force', async () => {
    const home = await homeWithOlderKey();
    expect(await opens(home, fresh)).toBe(false);
    const files = { oldFile: secretFile(fresh), newFile: secretFile(fresh), earlierFile: secretFile(`${old}\n`) };
    expect(await change(home, files)).toMatchObject({ keys: 2 });
    expect([await opens(home, old), await opens(home, fresh)]).toEqual([false, true]);
  });

  it.each([
    ['the file is not named', undefined, 'keyFileDamaged'],
    ['an earlier passphrase opens it no more than the one in force', 'a third one', 'keyFileDamaged'],
    ['the file is not there', '/nowhere/secret', 'passphraseMissing'],
  ])('leaves a vault with such a key as it is where %s', async (_what, earlier, code) => {
    const home = await homeWithOlderKey();
    const file = (): string => (earlier?.startsWith('/') ? earlier : secretFile(earlier ?? ''));
    const before = readFileSync(join(home, 'vault/root.key.json'), 'utf8');
    const input = { oldFile: secretFile(fresh), newFile: secretFile('a fourth one') };
    const refused = change(home, { ...input, ...(earlier !== undefined && { earlierFile: file() }) });
    expect(await codeOf(refused)).toBe(code);
    expect(readFileSync(join(home, 'vault/root.key.json'), 'utf8')).toBe(before);
  });

  it('is not to be had with the earlier passphrase alone', async () => {
    const home = await homeWithOlderKey();
    rmSync(join(home, 'vault/leaf.key.json'));
    const input = {
      oldFile: secretFile('not it'),
      newFile: secretFile('a fourth one'),
      earlierFile: secretFile(fresh),
    };
    expect(await codeOf(change(home, input))).toBe('passphraseWrong');
  });

  it('says of a key that was sealed with another passphrase how it is taken in', async () => {
    const home = await homeWithOlderKey();
    const options = { directory: join(home, 'vault'), passphrase: fresh, randomness: systemRandomness };
    await expect(openFileVault(options)).rejects.toThrow('vault passwd --earlier-passphrase-file');
  });

  it('says that it cannot know what is missing where the inventory is damaged', async () => {
    const home = await homeWithVault();
    writeFileSync(join(home, 'privyseal.db'), 'x'.repeat(9000), { mode: 0o600 });
    const report = await change(home, { console: answering(old, fresh, fresh) });
    expect(report.missing).toBeNull();
    expect(report.notAudited).not.toBeNull();
  });

  it('needs a home with a vault, and makes none', async () => {
    const home = join(temporaryFolder().path, 'nothing');
    expect(await codeOf(change(home, {}))).toBe('homeEmpty');
    expect(existsSync(home)).toBe(false);
  });

  it('finishes a restore that had only moves left, and tells of one that was not verified', async () => {
    const home = await homeWithVault();
    mkdirSync(join(home, 'restored'), { mode: 0o700 });
    renameSync(join(home, 'vault'), join(home, 'restored/vault'));
    await change(home, { console: answering(old, fresh, fresh) });
    expect(await opens(home, fresh)).toBe(true);
    renameSync(join(home, 'vault'), join(home, 'restoring'));
    expect(await codeOf(change(home, {}))).toBe('restoreUnfinished');
  });

  it('that was decided and not finished is seen by the doctor as it will be', async () => {
    const home = await homeWithVault();
    const directory = join(home, 'vault');
    writeFileSync(join(directory, 'passphrase'), old, { mode: 0o600 });
    const rewrapping = { directory, from: old, to: fresh, randomness: systemRandomness, cost: cheapest };
    await stageRewrap({ ...rewrapping, adds: { passphrase: fresh } });
    renameSync(join(directory, '.rewrap.tmp'), join(directory, '.rewrap'));
    const stateOf = async () =>
      (await examineVault({ env: {}, directory }, [])).map(({ check, state }) => `${check} ${state}`);
    expect(await stateOf()).toEqual(['vault ok', 'passphrase warn']);
    await settleRewrap(directory);
    await stageRewrap({ ...rewrapping, from: fresh, to: old, removes: ['passphrase'] });
    renameSync(join(directory, '.rewrap.tmp'), join(directory, '.rewrap'));
    expect(await stateOf()).toEqual(['passphrase fail']);
  });

  it('says which passphrase is in force when the disk fails at the decision, or right after it', async () => {
    const home = await homeWithVault();
    const directory = join(home, 'vault');
    const rewrapping = { directory, from: old, to: fresh, randomness: systemRandomness, cost: cheapest };
    const undecided = await stageRewrap(rewrapping);
    mkdirSync(join(directory, '.rewrap/in-the-way'), { recursive: true });
    const nothing = { code: 'homeUnwritable', message: expect.stringContaining('nothing has changed') };
    await expect(undecided.commit()).rejects.toMatchObject(nothing);
    rmSync(join(directory, '.rewrap'), { recursive: true });
    expect(await opens(home, old)).toBe(true);
    const decided = await stageRewrap(rewrapping);
    rmSync(join(directory, 'root.key.json'));
    mkdirSync(join(directory, 'root.key.json'));
    const inForce = { code: 'homeUnwritable', message: expect.stringContaining('is in force, but the disk failed') };
    await expect(decided.commit()).rejects.toMatchObject(inForce);
    rmSync(join(directory, 'root.key.json'), { recursive: true });
    expect(await opens(home, fresh)).toBe(true);
  });

  it('that was decided and cannot be finished says so', async () => {
    const home = await homeWithVault();
    const directory = join(home, 'vault');
    await stageRewrap({ directory, from: old, to: fresh, randomness: systemRandomness, cost: cheapest });
    renameSync(join(directory, '.rewrap.tmp'), join(directory, '.rewrap'));
    mkdirSync(join(directory, '.rewrap/removals.json'));
    await expect(settleRewrap(directory)).rejects.toMatchObject({ code: 'homeUnwritable' });
  });

  it('is audited with nothing that is secret, and the service goes on with all its authorities', async () => {
    const home = join(temporaryFolder().path, 'data');
    await (await firstRunService({ home })).close();
    const report = await change(home, { console: answering('only a test', fresh, fresh) });
    expect(report.notAudited).toBeNull();
    const database = new DatabaseSync(join(home, 'privyseal.db'), { readOnly: true });
    const row = database.prepare('SELECT canonical FROM audit_events ORDER BY seq DESC LIMIT 1').get();
    database.close();
    expect(JSON.parse(String(row?.canonical))).toMatchObject({
      kind: 'vault.passphraseChanged',
      object: 'vault:file',
      details: { keys: report.keys },
    });
    expect(JSON.stringify([row, report])).not.toContain(fresh);
    const vault = await openFileVault({
      ...{ directory: join(home, 'vault'), passphrase: fresh, randomness: systemRandomness },
    });
    expect((await vault.listKeys()).length).toBe(report.keys);
  });
});

describe('splitting the passphrase', () => {
  interface Splitting extends Partial<SplitInput> {
    readonly env?: NodeJS.ProcessEnv;
    readonly console?: ReturnType<typeof answering>;
    readonly deliver?: DeliverShares;
  }

  async function split(home: string, { env = {}, console = answering(), deliver, ...input }: Splitting = {}) {
    const config = await loadConfig({}, temporaryFolder().path, { home });
    const wanted = { shares: 5, threshold: 3, keepPassphrase: false, oldFile: secretFile(old), ...input };
    let handout: ShareHandout | undefined;
    const report = await splitVault(config, wanted, { env, console, cost: cheapest }, async (given, judge) => {
      handout = given;
      await deliver?.(given, judge);
    });
    return { report, shares: handout?.shares ?? [] };
  }

  async function start(home: string, console?: ReturnType<typeof answering>, env: NodeJS.ProcessEnv = {}) {
    const config = await loadConfig({}, temporaryFolder().path, { home });
    const log = pino({ level: 'silent' });
    const opened = await openVaults(config, { env, log, console });
    const keys = await opened.vaults.get('file')!.listKeys();
    await opened.close();
    return keys.length;
  }

  it('lets the service start with enough shares, and with the old passphrase no more', async () => {
    const home = await homeWithVault();
    const { report, shares } = await split(home);
    expect(report).toMatchObject({ shares: 5, threshold: 3, fresh: true, keys: 1 });
    expect(shares).toHaveLength(5);
    expect(await start(home, answering(...shares.slice(2)))).toBe(1);
    expect(await opens(home, old)).toBe(false);
  });

  it('says what is missing when too few shares are given, or nobody is at the console', async () => {
    const home = await homeWithVault();
    const { shares } = await split(home);
    expect(await codeOf(start(home, answering(...shares.slice(0, 2))))).toBe('sharesMissing');
    expect(await codeOf(start(home))).toBe('sharesMissing');
  });

  it('tells forged shares from a wrong passphrase', async () => {
    const home = await homeWithVault();
    const { report } = await split(home);
    const forged = await splitPassphrase('forged', report);
    expect(await codeOf(start(home, answering(...forged)))).toBe('shareUnusable');
  });

  /** As `--out` delivers them. */
  const into =
    (out: string): DeliverShares =>
    (handout, judge) =>
      deliverShares({ io: {} as CliIo, console: answering(), json: false, out, yes: false }, handout, judge);

  /** A split that is killed when its shares are written and nothing is decided yet. */
  async function killSplit(home: string, out: string): Promise<void> {
    const source = (file: string): string => JSON.stringify(new URL(`../src/${file}`, import.meta.url).href);
    const script = `
      import { deliverShares } from ${source('faces/cli/vaults/vault-split.ts')};
      import { splitVault } from ${source('offline-vault.ts')};
      const config = { home: ${JSON.stringify(home)} };
      const input = { shares: 3, threshold: 2, keepPassphrase: false, oldFile: ${JSON.stringify(secretFile(old))} };
      const around = { env: {}, console: {}, cost: ${JSON.stringify(cheapest)} };
      setInterval(() => {}, 1000);
      await splitVault(config, input, around, async (handout, judge) => {
        await deliverShares({ out: ${JSON.stringify(out)} }, handout, judge);
        console.log('written');
        await new Promise(() => {});
      });`;
    const run = startBackground(process.execPath, ['--input-type=module', '-e', script]);
    await run.until(/written/);
    await run.stop('SIGKILL');
  }

  it('tells of one that was killed, and replaces the shares that it left', async () => {
    const [home, out] = [await homeWithVault(), join(temporaryFolder().path, 'shares')];
    await killSplit(home, out);
    const [left] = readdirSync(out).map((name) => readFileSync(join(out, name), 'utf8'));
    writeFileSync(join(out, 'share-3.txt'), '');
    const console = answering();
    const { shares } = await split(home, { console, deliver: into(out) });
    expect(console.told).toEqual([expect.stringMatching(/cut short.* its set, [0-9a-f]{8}, .*destroy/)]);
    expect(shares).not.toContain(left);
    expect(readdirSync(out).map((name) => readFileSync(join(out, name), 'utf8').trim())).toEqual(shares);
    expect(await start(home, answering(...shares))).toBe(1);
  });

  it.each([
    ['something that is no share', (out: string) => writeFileSync(join(out, 'notes.txt'), 'mine'), /never in force/],
    ['a file of something else', (out: string) => writeFileSync(join(out, 'share-1.txt'), 'mine'), /never in force/],
  ])('removes nothing where %s lies beside the shares that one left', async (_what, put, message) => {
    const [home, out] = [await homeWithVault(), join(temporaryFolder().path, 'shares')];
    await killSplit(home, out);
    put(out);
    const before = readdirSync(out);
    await expect(split(home, { deliver: into(out) })).rejects.toMatchObject({
      ...{ code: 'fileExists', message: expect.stringMatching(message) },
    });
    expect(readdirSync(out)).toEqual(before);
    expect(await opens(home, old)).toBe(true);
  });

  it('says of shares that are there whether they open the vault', async () => {
    const [home, out] = [await homeWithVault(), join(temporaryFolder().path, 'shares')];
    await split(home, { keepPassphrase: true, deliver: into(out) });
    const said = (text: string) => ({ code: 'fileExists', message: expect.stringContaining(text) });
    await expect(split(home, { deliver: into(out) })).rejects.toMatchObject(said('which open this vault as it is'));
    await expect(split(await homeWithVault(), { deliver: into(out) })).rejects.toMatchObject(said('do not open'));
    expect(readdirSync(out)).toHaveLength(5);
  });

  it('hands the shares out before anything changes', async () => {
    const home = await homeWithVault();
    const before = await readVaultFiles(join(home, 'vault'));
    let atDelivery: typeof before = [];
    await split(home, {
      deliver: async () => {
        atDelivery = await readVaultFiles(join(home, 'vault'));
      },
    });
    expect(atDelivery).toEqual(before);
    expect(await readVaultFiles(join(home, 'vault'))).not.toEqual(before);
  });

  it('leaves everything as it was when they cannot be delivered', async () => {
    const home = await homeWithVault();
    const deliver = () => Promise.reject(new Error('no paper'));
    await expect(split(home, { deliver })).rejects.toThrow('no paper');
    expect(await opens(home, old)).toBe(true);
    expect(existsSync(join(home, 'vault/shares.json'))).toBe(false);
  });

  it('can split the passphrase as it is', async () => {
    const home = await homeWithVault();
    const { report, shares } = await split(home, { keepPassphrase: true });
    expect(report.fresh).toBe(false);
    expect(await opens(home, old)).toBe(true);
    expect(await start(home, answering(...shares))).toBe(1);
  });

  it('takes the whole passphrase out of the home', async () => {
    const home = await homeWithVault();
    const file = join(home, 'vault/passphrase');
    writeFileSync(file, `${old}\n`, { mode: 0o600 });
    const { report } = await split(home);
    expect(report.removed).toEqual([file]);
    expect(existsSync(file)).toBe(false);
  });

  it('is replaced by another split, or by a passphrase, given the shares', async () => {
    const home = await homeWithVault();
    const first = (await split(home)).shares;
    const config = await loadConfig({}, temporaryFolder().path, { home });
    const second: string[] = [];
    const input = { shares: 2, threshold: 2, keepPassphrase: false };
    await splitVault(config, input, { env: {}, console: answering(...first), cost: cheapest }, async ({ shares }) => {
      second.push(...shares);
    });
    expect(await codeOf(start(home, answering(...first)))).toBe('sharesMissing');
    const report = await change(home, { console: answering(...second, fresh, fresh) });
    expect(report).toMatchObject({ source: 'shares', removed: [join(home, 'vault/shares.json')] });
    expect(await opens(home, fresh)).toBe(true);
  });

  it('is seen by the doctor, who asks for no share, and goes into a backup', async () => {
    const home = await homeWithVault();
    const { report } = await split(home);
    const findings = await examineVault({ env: {}, directory: join(home, 'vault') }, []);
    expect(findings.map(({ check, state }) => [check, state])).toEqual([
      ['vault', 'ok'],
      ['passphrase', 'ok'],
    ]);
    expect(JSON.stringify(findings)).toContain(report.set);
    expect((await readVaultFiles(join(home, 'vault'))).map(({ name }) => name)).toContain('shares.json');
  });
});
