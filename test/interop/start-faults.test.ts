/** Starts that cannot work: a sentence with a stable code and no stack each, and the next start heals what can be healed. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  killedStart,
  type RunningService,
  serviceExit,
  startService,
  temporaryFolder,
} from '../support/running-service.ts';
import { submit } from '../support/submit.ts';
import { tries } from '../support/tries.ts';

describe('the start', () => {
  let folder: string;
  let home: string;
  /** A home that was served once, and how long that first start took. */
  let made: { readonly home: string; readonly folder: string; readonly ms: number };
  const services: RunningService[] = [];
  const start = async (env: Record<string, string> = {}): Promise<RunningService> => {
    const service = await startService({ home, env });
    services.push(service);
    return service;
  };

  /** One sentence for the person at the console; exit code 1, or 2 for what is wrong with how it was called. */
  async function expectRefusal(code: string, env: Record<string, string> = {}, at = home): Promise<string> {
    const { code: exitCode, output } = await serviceExit({ home: at, env });
    const expected = code === 'badConfiguration' ? 2 : 1;
    expect([exitCode, output]).toEqual([expected, expect.stringContaining(code)]);
    expect(output).not.toMatch(/^\s+at /m);
    return output;
  }

  beforeAll(async () => {
    const parent = temporaryFolder();
    const startedAt = performance.now();
    const service = await startService({ home: join(parent, 'data') });
    made = { home: service.home, folder: parent, ms: performance.now() - startedAt };
    await service.stop();
  });
  afterAll(() => rmSync(made.folder, { recursive: true, force: true }));

  beforeEach(() => {
    folder = temporaryFolder();
    home = join(folder, 'data');
  });

  const haveMadeHome = (): unknown => execFileSync('cp', ['-a', made.home, home]);

  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.dispose()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('names a port that is in use, for each face, and makes nothing: certificates would carry it, and the next start is the first', async () => {
    const occupied = await listen();
    const { port } = occupied.address() as { port: number };
    for (const face of ['PUBLIC', 'ADMIN', 'DISTRIBUTION']) {
      const output = await expectRefusal('portInUse', { [`PRIVYSEAL_${face}_PORT`]: String(port) });
      expect(output).toContain(String(port));
      expect(readdirSync(home).filter((name) => !name.startsWith('privyseal.lock'))).toEqual([]);
    }
    await new Promise((done) => occupied.close(done));
    const service = await start({ PRIVYSEAL_PUBLIC_PORT: String(port) });
    expect(await submit(service)).toMatchObject({ status: 201 });
    expect(service.output()).toContain(service.path('demo/token'));
  });

  it('names a port that two faces were given, and makes nothing', async () => {
    const output = await expectRefusal('badConfiguration', { PRIVYSEAL_PUBLIC_PORT: '1', PRIVYSEAL_ADMIN_PORT: '1' });
    expect(output).toContain('adminPort');
    expect(existsSync(home)).toBe(false);
  });

  it('says that a home cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const place of ['/proc/privyseal', join(folder, 'file'), join(folder, 'file/data')]) {
      expect(await expectRefusal('homeUnwritable', {}, place)).toContain(place);
    }
  });

  it('refuses a home that others may enter, until it is closed', async () => {
    mkdirSync(home);
    chmodSync(home, 0o701);
    expect(await expectRefusal('homeOpenToOthers')).toContain(home);
    chmodSync(home, 0o700);
    await start();
  });

  it('refuses a key file that others may read', async () => {
    haveMadeHome();
    chmodSync(join(home, 'vault/passphrase'), 0o644);
    await expectRefusal('OpenToOthers');
    chmodSync(join(home, 'vault/passphrase'), 0o600);
    await start();
  });

  it('refuses a home that another service holds, which goes on undisturbed, until that is killed', async () => {
    haveMadeHome();
    const first = await start();
    await expectRefusal('homeLocked');
    expect(await submit(first)).toMatchObject({ status: 201 });
    await first.kill9();
    await start();
  });

  it('makes no new vault where one is gone that authorities had their keys in', async () => {
    haveMadeHome();
    const vault = join(home, 'vault');
    renameSync(vault, join(folder, 'elsewhere'));
    expect(await expectRefusal('homeDamaged')).toContain('dev-issuing, dev-root, system');
    expect(existsSync(vault)).toBe(false);
    // As where its volume is not mounted.
    mkdirSync(vault, { mode: 0o700 });
    await expectRefusal('homeDamaged', { PRIVYSEAL_VAULT_PASSPHRASE: 'another passphrase of this test' });
    expect(readdirSync(vault)).toEqual([]);
    rmSync(vault, { recursive: true });
    writeFileSync(vault, '');
    expect(await expectRefusal('keyFileDamaged')).toContain(vault);
    rmSync(vault);
    renameSync(join(folder, 'elsewhere'), vault);
    expect(await submit(await start())).toMatchObject({ status: 201 });
  });

  it('says that a passphrase is wrong', async () => {
    haveMadeHome();
    const file = join(home, 'vault/passphrase');
    const passphrase = readFileSync(file, 'utf8').trim();
    rmSync(file);
    const output = await expectRefusal('passphraseWrong', { PRIVYSEAL_VAULT_PASSPHRASE: 'another passphrase of it' });
    expect(output).not.toContain('another passphrase of it');
    await start({ PRIVYSEAL_VAULT_PASSPHRASE: passphrase });
  });

  it('names a wrong setting with its value and what is allowed', async () => {
    const output = await expectRefusal('badConfiguration', { PRIVYSEAL_PUBLIC_PORT: 'http' });
    expect(output).toContain('"http"');
    await expectRefusal('badConfiguration', { PRIVYSEAL_PUBLICPORT: '1' });
  });

  // 10 rounds where the judges are required, a taste of it elsewhere: each takes two starts.
  const rounds = tries(10);
  it(`heals a first run that was killed at ${rounds} random moments`, { timeout: 120_000 }, async () => {
    for (let round = 0; round < rounds; round++) {
      home = join(folder, `killed-${round}`);
      const afterMs = Math.random() * made.ms;
      await killedStart({ home }, afterMs);
      const service = await start();
      const answer = await submit(service);
      expect([`killed after ${Math.round(afterMs)} ms`, answer.status]).toEqual([expect.any(String), 201]);
      expect((await service.admin('/v1/certificates?limit=1')).status).toBe(200);
      await service.kill9();
    }
  });
});

const listen = (): Promise<Server> =>
  new Promise((done) => {
    const server = createServer().listen(0, () => done(server));
  });
