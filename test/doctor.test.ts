/** `privyseal doctor` on real homes: served, stopped, and with one thing wrong at a time. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../src/domain/diagnosis/finding.ts';
import { run } from './support/judges.ts';
import { projectFolder, type RunningService, startService } from './support/running-service.ts';
import { suiteFolder } from './support/suite-folder.ts';

const folder = suiteFolder();
let service: RunningService;
let served: Examination;

interface Examination {
  readonly code: number;
  readonly findings: readonly Finding[];
  /** By check. */
  readonly states: Readonly<Record<string, Finding['state']>>;
}

const anyPort = { PRIVYSEAL_PUBLIC_PORT: '0', PRIVYSEAL_ADMIN_PORT: '0', PRIVYSEAL_DISTRIBUTION_PORT: '0' };

async function doctor(home: string, env: Readonly<Record<string, string>> = {}): Promise<Examination> {
  const program = join(projectFolder, 'bin/privyseal.js');
  const ran = await run(process.execPath, [program, 'doctor', '--json', '--home', home], {
    env: { ...anyPort, ...env },
  });
  expect(ran.stderr).toBe('');
  const { findings } = JSON.parse(ran.stdout.toString()) as { findings: Finding[] };
  return { code: ran.code, findings, states: Object.fromEntries(findings.map(({ check, state }) => [check, state])) };
}

beforeAll(async () => {
  service = await startService();
  // The first lists come soon after the service is ready.
  const lists = async () => JSON.parse((await service.admin('/v1/crls')).body.toString()).items as unknown[];
  while ((await lists()).length < 3) await pause(50);
  served = await doctor(service.home);
  await service.stop();
});
afterAll(() => service?.dispose());

const allOk = {
  ...{ settings: 'ok', home: 'ok', permissions: 'ok', space: 'ok', service: 'ok', ports: 'ok', vault: 'ok' },
  ...{ passphrase: 'warn', database: 'ok', clock: 'ok', lists: 'ok', certificates: 'ok' },
};

/** As it is beside a database that was put back from before it. */
function checkpointOfLater(home: string): void {
  const file = join(home, 'audit/checkpoint');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^seq \d+$/m, 'seq 999999'));
}

/** Every file of a home with its mode and content. */
const contentOf = (home: string): string[] =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => {
      const { mode } = statSync(path);
      const content = statSync(path).isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
      return `${relative(home, path)} ${mode.toString(8)} ${content}`;
    })
    .toSorted();

describe('privyseal doctor', () => {
  it('finds a served home well, but for a passphrase beside its keys', () => {
    expect([served.code, served.states]).toEqual([0, allOk]);
    expect(served.findings.find(({ check }) => check === 'service')?.says).toContain('is ready');
  });

  it('finds a stopped home well, and changes nothing in it', async () => {
    const before = contentOf(service.home);
    const { code, states } = await doctor(service.home);
    expect([code, states]).toEqual([0, allOk]);
    expect(contentOf(service.home)).toEqual(before);
  });

  it('says what a person reads, never the passphrase', async () => {
    const program = join(projectFolder, 'bin/privyseal.js');
    const ran = await run(process.execPath, [program, 'doctor', '--home', service.home], { env: anyPort });
    const text = ran.stdout.toString();
    expect(text).toMatch(/^warn {2}passphrase/m);
    expect(text + ran.stderr).not.toContain(service.read('vault/passphrase').trim());
  });

  it('finds settings wrong, and a home that is not there', async () => {
    expect((await doctor(service.home, { PRIVYSEAL_VAULT: 'none' })).states).toEqual({ settings: 'fail' });
    const { code, states } = await doctor(folder('nowhere'));
    expect([code, states]).toEqual([1, { settings: 'ok', home: 'fail' }]);
    mkdirSync(folder('empty'), { mode: 0o700 });
    expect((await doctor(folder('empty'))).states).toEqual({ settings: 'ok', home: 'fail' });
  });

  it('finds a restore that was cut short, after which no service starts', async () => {
    const home = copyOf('restoring');
    mkdirSync(join(home, 'restoring'), { mode: 0o700 });
    const { code, findings } = await doctor(home);
    expect([code, findings.at(-1)?.says]).toEqual([1, 'restoreUnfinished']);
  });

  it('says of a home that was hardly begun that a start makes its vault, not that one is damaged', async () => {
    const home = folder('begun');
    mkdirSync(home, { mode: 0o700 });
    writeFileSync(join(home, 'privyseal.lock'), '', { mode: 0o600 });
    const { findings } = await doctor(home);
    const vault = findings.filter(({ check }) => check === 'vault');
    expect(vault).toMatchObject([{ state: 'fail', next: expect.stringContaining('A start makes it') }]);
  });

  it('finds a restore with only moves left, and does not call what waits in it lost', async () => {
    const home = copyOf('restored');
    mkdirSync(join(home, 'restored'), { mode: 0o700 });
    renameSync(join(home, 'vault'), join(home, 'restored/vault'));
    const { code, findings } = await doctor(home);
    expect([code, findings.map(({ check }) => check)]).toEqual([1, ['settings', 'home']]);
    expect(findings.at(-1)).toMatchObject({ says: 'restoreUnfinished', next: expect.stringContaining('finishes it') });
  });

  it('finds a port that another program has', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '::', () => resolve((other.address() as { port: number }).port));
    });
    const { code, states } = await doctor(service.home, { PRIVYSEAL_ADMIN_PORT: String(port) });
    other.close();
    expect([code, states]).toEqual([1, { ...allOk, ports: 'fail' }]);
  });

  it('finds a passphrase that opens nothing, or none at all', async () => {
    const wrong = await doctor(service.home, { PRIVYSEAL_VAULT_PASSPHRASE: 'wrong' });
    expect(wrong.states).toEqual({ ...allOk, vault: 'fail', passphrase: 'ok' });
    const home = copyOf('without-passphrase');
    rmSync(join(home, 'vault/passphrase'));
    expect((await doctor(home)).states).toMatchObject({ passphrase: 'fail' });
  });

  it('finds a key missing that an authority signs with, and none of one that is compromised', async () => {
    const home = copyOf('without-key');
    const name = readdirSync(join(home, 'vault')).find((each) => each.startsWith('dev-root.'))!;
    rmSync(join(home, 'vault', name));
    expect((await doctor(home)).states).toEqual({ ...allOk, vault: 'fail' });
    const database = new DatabaseSync(join(home, 'privyseal.db'));
    database.exec(`UPDATE authority_generations SET is_compromised = 1 WHERE authority = 'dev-root'`);
    database.close();
    expect((await doctor(home)).states).toEqual(allOk);
  });

  it('says of a vault that is gone what a start says, and whose keys were in it', async () => {
    const home = copyOf('without-vault');
    rmSync(join(home, 'vault'), { recursive: true });
    const { findings } = await doctor(home);
    const [found, ...more] = findings.filter(({ check }) => check === 'vault' || check === 'passphrase');
    expect([found, more]).toMatchObject([{ state: 'fail', says: 'homeDamaged' }, []]);
    expect(found?.next).toContain('dev-issuing, dev-root, system');
    expect(found?.next).toContain('docs/backup.md');
  });

  it('finds keys that are not those of the certificates, and vaults that the settings do not name', async () => {
    const home = copyOf('other-keys');
    const database = new DatabaseSync(join(home, 'privyseal.db'));
    const ofRoot = `SELECT certificate_serial FROM authorities WHERE name = 'dev-root'`;
    database.exec(`UPDATE certificates SET key_sha256 = zeroblob(32) WHERE serial = (${ofRoot})`);
    database.exec(`UPDATE authority_generations SET vault = 'hsm' WHERE authority = 'dev-issuing'`);
    database.close();
    const { findings } = await doctor(home);
    const failed = findings.filter(({ check, state }) => check === 'vault' && state === 'fail');
    expect(failed.map(({ says }) => /(dev-root|dev-issuing) \(\S+ in \w+\)/.exec(says)?.[1])).toEqual([
      'dev-root',
      'dev-issuing',
    ]);
  });

  it('finds files missing that the home must have', async () => {
    const home = copyOf('without-files');
    rmSync(join(home, 'trust/dev.pem'));
    rmSync(join(home, 'admin/admin.key'));
    const { code, states, findings } = await doctor(home);
    expect([code, states]).toEqual([0, { ...allOk, home: 'warn' }]);
    expect(findings.filter(({ check, state }) => check === 'home' && state === 'warn')).toHaveLength(2);
  });

  it('finds no fault in certificates that `operator recover` and a rotation of `system` kept aside', async () => {
    const home = copyOf('kept-aside');
    for (const name of ['admin/admin.crt.20261121T225440647Z', 'audit/system-roots.pem'])
      writeFileSync(join(home, name), '', { mode: 0o644 });
    expect((await doctor(home)).states).toMatchObject({ permissions: 'ok' });
  });

  it.each([
    ['a home open to others', 'open-home', (home: string) => chmodSync(home, 0o755), { home: 'fail' }],
    [
      'a token open to others',
      'open-token',
      (home: string) => chmodSync(join(home, 'demo/token'), 0o640),
      { permissions: 'fail' },
    ],
    [
      'a trust file that others may write',
      'open-trust',
      (home: string) => chmodSync(join(home, 'trust/dev.pem'), 0o666),
      { permissions: 'fail' },
    ],
    [
      'a key file open to others',
      'open-key',
      (home: string) => chmodSync(keyOf(home), 0o644),
      { permissions: 'fail', vault: 'fail' },
    ],
    [
      'a damaged key file',
      'damaged-key',
      (home: string) => writeFileSync(keyOf(home), '{', { mode: 0o600 }),
      { vault: 'fail' },
    ],
    [
      'a missing vault',
      'no-vault',
      (home: string) => renameSync(join(home, 'vault'), folder('moved-vault')),
      { vault: 'fail' },
    ],
    ['a missing database', 'no-database', (home: string) => rmSync(join(home, 'privyseal.db')), { database: 'fail' }],
    [
      'a database that is none',
      'no-sqlite',
      (home: string) => writeFileSync(join(home, 'privyseal.db'), 'x'.repeat(9000)),
      { database: 'fail' },
    ],
    ['an older database', 'older', checkpointOfLater, { database: 'fail' }],
    ['a damaged page', 'damaged-page', damagePage, { database: 'fail' }],
    [
      'a row that refers to none',
      'orphan',
      (home: string) =>
        sql(home, 'PRAGMA foreign_keys = OFF; DELETE FROM certificate_bodies; DELETE FROM certificates WHERE id = 1'),
      { database: 'fail' },
    ],
    ['a clock behind the audit log', 'behind', (home: string) => sql(home, later), { clock: 'fail' }],
    [
      'a list past its nextUpdate',
      'old-list',
      (home: string) => sql(home, 'UPDATE crls SET next_update = 1'),
      { lists: 'fail' },
    ],
    [
      'nobody who can administer',
      'no-admin',
      (home: string) => sql(home, "UPDATE operators SET role = 'auditor'"),
      { certificates: 'fail' },
    ],
    ['an earlier schema', 'earlier', (home: string) => sql(home, earlier), { database: 'warn' }],
    [
      'a later schema',
      'later',
      (home: string) => sql(home, "INSERT INTO schema_migrations VALUES (9999, '9999_later.sql', '', 0)"),
      { database: 'fail' },
    ],
  ] as const)('finds %s', async (_what, name, spoil, states) => {
    const home = copyOf(name);
    spoil(home);
    const found = await doctor(home);
    expect(found.states).toMatchObject(states);
    const wrong = found.findings.filter(({ check }) => Object.hasOwn(states, check));
    expect(wrong.filter(({ next }) => !next)).toEqual([]);
    expect(found.code).toBe((Object.values(states) as string[]).includes('fail') ? 1 : 0);
  });
});

function copyOf(name: string): string {
  const home = folder(name);
  // Modes and all.
  execFileSync('cp', ['-a', service.home, home]);
  return home;
}

const keyOf = (home: string): string => {
  const name = readdirSync(join(home, 'vault')).find((each) => each.endsWith('.key.json'))!;
  return join(home, 'vault', name);
};

const later = `INSERT INTO audit_events (seq, canonical, previous_hash, hash)
  SELECT max(seq) + 1, json_object('at', (unixepoch() + 3600) * 1000), zeroblob(32), zeroblob(32) FROM audit_events`;
const earlier = 'DELETE FROM schema_migrations WHERE number = (SELECT max(number) FROM schema_migrations)';

function sql(home: string, text: string): void {
  const database = new DatabaseSync(join(home, 'privyseal.db'));
  database.exec(text);
  database.close();
}

/** In the middle of the file, where neither header nor schema lies. */
function damagePage(home: string): void {
  const file = join(home, 'privyseal.db');
  const content = readFileSync(file);
  content.fill(0xff, content.length / 2, content.length / 2 + 4096);
  writeFileSync(file, content);
}
