/** Operators of the running service: what ends with them, in time, and the way back in when no admin is left. */

import { type ExecFileException, execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { commandLine } from '../support/command-line.ts';
import { exchange } from '../support/http-exchange.ts';
import { ownEnvironment } from '../support/own-environment.ts';
import {
  projectFolder,
  type RunningService,
  serviceExit,
  startService,
  temporaryFolder,
} from '../support/running-service.ts';
import { handshake } from '../support/tls-handshake.ts';

const folder = temporaryFolder();
const home = join(folder, 'data');
let service: RunningService;
beforeAll(async () => {
  service = await startService({ home });
});
afterAll(() => service.dispose());

/** The command line as a process of its own, in `folder`. */
function privyseal(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const at = ['--home', home, '--url', service.urls.public, '--admin-url', service.urls.admin];
  return new Promise((resolve) => {
    const options = { cwd: folder, env: ownEnvironment() };
    const done = (error: ExecFileException | null, stdout: string, stderr: string) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    execFile(process.execPath, [join(projectFolder, 'bin/privyseal.js'), ...at, ...args], options, done);
  });
}

/** The command line within this process: quicker, for what only talks to the service. */
const asked = (...args: readonly string[]) =>
  commandLine(['--home', home, '--url', service.urls.public, '--admin-url', service.urls.admin, ...args], {
    cwd: folder,
    now: Date.now(),
  });

const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), 'utf8');

async function addOperator(name: string, role: string) {
  expect(await asked('operator', 'add', name, '--role', role)).toMatchObject({ code: 0 });
  return { cert: read(name, 'operator.crt'), key: read(name, 'operator.key'), ca: read(name, 'system.pem') };
}

const newestEvents = async (count: number): Promise<[string, string][]> => {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(join(home, 'privyseal.db'), { readOnly: true });
  const rows = database.prepare('SELECT canonical FROM audit_events ORDER BY seq DESC LIMIT ?').all(count);
  database.close();
  return rows.map(({ canonical }) => {
    const { kind, object } = JSON.parse(String(canonical)) as { kind: string; object: string };
    return [kind, object];
  });
};

describe('an operator', () => {
  const serialOf = async (name: string): Promise<string> => {
    const { stdout } = await asked('--json', 'operator', 'show', name);
    return (JSON.parse(stdout) as { certificates: { serial: string }[] }).certificates[0]!.serial;
  };

  it.each([
    ['removed', async (name: string) => ['operator', 'remove', name]],
    ['demoted', async (name: string) => ['operator', 'role', name, 'auditor']],
    ['revoked', async (name: string) => ['revoke', await serialOf(name), '--reason', 'keyCompromise']],
  ])('that is %s loses its connections within a second, and comes back by no session', async (what, act) => {
    const name = `to-be-${what}`;
    const tls = await addOperator(name, 'operator');
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...tls });
    onTestFinished(() => agent.destroy());
    expect((await exchange(`${service.urls.admin}/v1/status`, { agent })).status).toBe(200);
    const socket = Object.values(agent.freeSockets)[0]![0] as TLSSocket;
    const versions = ['TLSv1.2', 'TLSv1.3'] as const;
    const sessions = await Promise.all(
      versions.map(async (version) => (await handshake(service.ports.admin, version, tls)).session),
    );

    const ended = once(socket, 'close').then(() => performance.now());
    const args = await act(name);
    expect(await asked(...args, ...(what === 'demoted' ? [] : ['--yes']))).toMatchObject({ code: 0 });
    const answeredAt = performance.now();
    // The act was answered before: a second from then is more than it may take.
    expect((await ended) - answeredAt).toBeLessThan(1000);

    for (const [index, version] of versions.entries()) {
      const again = await handshake(service.ports.admin, version, { ...tls, session: sessions[index] });
      expect([again.reused, again.status]).toEqual([false, what === 'demoted' ? 200 : 403]);
    }
  });

  it('finds its files written for itself alone, and never overwritten', async () => {
    await addOperator('files', 'auditor');
    const modeOf = (name: string): number => statSync(join(folder, 'files', name)).mode & 0o777;
    expect([modeOf('.'), modeOf('operator.key'), modeOf('operator.crt')]).toEqual([0o700, 0o600, 0o644]);
    const before = read('files', 'operator.key');
    const again = await asked('operator', 'renew', 'files');
    expect([again.code, again.stderr]).toEqual([8, expect.stringContaining('fileExists')]);
    expect(read('files', 'operator.key')).toBe(before);
    const renewed = await asked(
      ...['--cert', 'files/operator.crt', '--key', 'files/operator.key'],
      ...['operator', 'renew', '--out', 'files-next'],
    );
    expect(renewed.code).toBe(0);
    expect(read('files-next', 'operator.key')).not.toBe(before);
  });
});

describe('privyseal operator recover', () => {
  it('refuses while the service runs, and where there is no home', async () => {
    const running = await privyseal('operator', 'recover');
    expect([running.code, running.stderr]).toEqual([1, expect.stringContaining('homeLocked')]);
    const nowhere = await privyseal('--home', join(folder, 'none'), 'operator', 'recover');
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('homeDamaged')]);
    expect(existsSync(join(folder, 'none'))).toBe(false);
    mkdirSync(join(folder, 'half/restoring'), { recursive: true, mode: 0o700 });
    const half = await privyseal('--home', join(folder, 'half'), 'operator', 'recover');
    expect([half.code, half.stderr]).toEqual([1, expect.stringContaining('restoreUnfinished')]);
  });

  it('makes an admin who can get in, keeps the old files aside, and leaves its audit event', async () => {
    const lost = { cert: service.read('admin/admin.crt'), key: service.read('admin/admin.key') };
    await addOperator('rescuer', 'auditor');
    expect((await service.stop()).code).toBe(0);

    const wrong = await serviceExit({
      home,
      program: [join(projectFolder, 'bin/privyseal.js'), 'operator', 'recover', 'rescuer'],
      env: { PRIVYSEAL_VAULT_PASSPHRASE: 'not the passphrase' },
    });
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining('passphraseWrong')]);
    expect(readFileSync(join(home, 'admin/admin.crt'), 'utf8')).toBe(lost.cert);

    // A vault that is away, which has no part in this, is told of beside the answer.
    const settings = join(folder, 'privyseal.yaml');
    writeFileSync(join(folder, 'bao-token'), 'of nobody', { mode: 0o600 });
    const away = { name: 'away', kind: 'openbao', address: 'https://127.0.0.1:1', tokenFile: 'bao-token' };
    writeFileSync(settings, JSON.stringify({ vaults: [away] }));
    const { code, stdout, stderr } = await privyseal('--json', 'operator', 'recover', 'rescuer');
    rmSync(settings);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { name: 'rescuer', previousRole: 'auditor' }]);
    expect(stderr).toContain('a vault is away');
    const [newest] = await newestEvents(1);
    expect(newest).toEqual(['operator.recovered', 'operator:rescuer']);
    const kept = readdirSync(join(home, 'admin')).filter((name) => /^admin\.(crt|key)\.\d{8}T/.test(name));
    expect(kept.map((name) => readFileSync(join(home, 'admin', name), 'utf8')).sort()).toEqual(
      [lost.cert, lost.key].sort(),
    );
    for (const name of ['admin.key', ...kept.filter((each) => each.startsWith('admin.key.'))]) {
      expect(statSync(join(home, 'admin', name)).mode & 0o777).toBe(0o600);
    }

    service = await startService({ home, ports: service.ports });
    const { items } = JSON.parse((await asked('--json', 'operator', 'list')).stdout) as {
      items: { name: string; role: string }[];
    };
    expect(items).toContainEqual(expect.objectContaining({ name: 'rescuer', role: 'admin' }));
    expect((await asked('operator', 'remove', 'admin', '--yes')).code).toBe(0);
    expect((await service.admin('/v1/status', lost)).status).toBe(403);
    const last = await asked('operator', 'remove', 'rescuer', '--yes');
    expect([last.code, last.stderr]).toEqual([3, expect.stringContaining('lastAdmin')]);
  });
});
