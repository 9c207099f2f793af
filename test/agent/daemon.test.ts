/** The daemon: through silence of the service, jumps of the clock, and to its own end. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadAgentFile } from '#src/agent/config/load-agent-file.ts';
import { runDaemon } from '#src/agent/daemon.ts';
import type { LogEntry } from '#src/agent/turn/turn-context.ts';
import { agentProcess } from '../support/agent-process.ts';
import { freePort } from '../support/free-port.ts';
import { exchange } from '../support/http-exchange.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const patience = { timeout: 45_000, interval: 50 };

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

const agentFor = (target: Readonly<Record<string, unknown>> = {}) =>
  rotatingAgent(service, temporaryFolder().path, target);

describe('privyseal rotate --daemon', () => {
  it('enrols, shows metrics on loopback, and ends with 0 when it is told to stop', async () => {
    const agent = agentFor();
    const port = await freePort();
    const daemon = agentProcess(agent.file, '--daemon', '--metrics-port', String(port));
    onTestFinished(() => void daemon.end('SIGKILL'));
    const metrics = async () => (await exchange(`http://127.0.0.1:${port}/metrics`)).body.toString();
    await expect
      .poll(() => metrics().catch(() => ''), patience)
      .toContain('turns_total{target="web",act="enrolled"} 1');
    const [, end] = /not_after_timestamp_seconds\{target="web"\} (\d+)/.exec(await metrics()) ?? [];
    expect(Number(end)).toBe(Math.floor(Date.parse(new X509Certificate(agent.read('cert.pem')).validTo) / 1000));
    expect((await exchange(`http://127.0.0.1:${port}/else`)).status).toBe(404);
    daemon.child.kill('SIGHUP');
    await expect.poll(daemon.output, patience).toContain('read its file again: tends web');
    writeFileSync(agent.file, 'targets: 1');
    daemon.child.kill('SIGHUP');
    await expect.poll(daemon.output, patience).toMatch(/error: goes on as before: .*targets is 1/);
    expect([await daemon.end(), daemon.output()]).toEqual([0, expect.stringContaining('stopped')]);
  });

  it('is not ended by a SIGHUP while it starts, and heeds it then', async () => {
    const agent = agentFor();
    const text = readFileSync(agent.file);
    // Whoever reads a pipe waits for its writer: first the command line, then the daemon at its start, then its reload.
    const pipes = ['command', 'start', 'reload'].map((name) => join(dirname(agent.file), name));
    execFileSync('mkfifo', pipes);
    writeFileSync(`${agent.file}.whole`, text);
    const readNext = (path: string): void => {
      symlinkSync(path, `${agent.file}.next`);
      renameSync(`${agent.file}.next`, agent.file);
    };
    readNext(pipes[0]!);
    const daemon = agentProcess(agent.file, '--daemon');
    onTestFinished(() => {
      daemon.child.kill('SIGKILL');
      // A writer without a reader would wait for one for good.
      for (const pipe of pipes) closeSync(openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK));
    });
    const written = (async () => {
      for (const [index, path] of pipes.entries()) {
        await using pipe = await open(path, 'w');
        daemon.child.kill('SIGHUP');
        readNext(pipes[index + 1] ?? `${agent.file}.whole`);
        await pipe.writeFile(text);
      }
    })();
    const ended = daemon.ended.then((code) => Promise.reject(new Error(`ended with ${code}: ${daemon.output()}`)));
    await Promise.race([written, ended]);
    ended.catch(() => {});
    await expect.poll(daemon.output, patience).toMatch(/(read its file again: tends web.*){2}/s);
    expect(await daemon.end()).toBe(0);
  });

  it('refuses a metrics port that is taken, and --force', async () => {
    const agent = agentFor();
    const taken = agentProcess(agent.file, '--daemon', '--metrics-port', String(service.ports.distribution));
    expect([await taken.ended, taken.output()]).toEqual([1, expect.stringContaining('portInUse')]);
    const forced = agentProcess(agent.file, '--daemon', '--force');
    expect([await forced.ended, forced.output()]).toEqual([2, expect.stringContaining('beside the daemon')]);
  });
});

/** The daemon in this process, with a clock that the test turns. */
function ownDaemon(file: string, load = loadAgentFile) {
  const stop = new AbortController();
  const log: LogEntry[] = [];
  let passed = 0;
  let reload = (): void => {};
  let collections = 0;
  const surroundings = {
    now: () => Date.now() + passed,
    random: () => 0.5,
    signal: stop.signal,
    log: (entry: LogEntry) => void log.push(entry),
    load,
    onReload: (listener: () => void) => {
      reload = listener;
    },
    collectGarbage: () => void collections++,
  };
  const ended = runDaemon({ file, targets: [] }, surroundings);
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  onTestFinished(end);
  return {
    end,
    said: () => log.map(({ level, message }) => `${level}: ${message}`).join('\n'),
    reload: () => reload(),
    collections: () => collections,
    jump: (seconds: number) => {
      passed += seconds * 1000;
    },
  };
}

describe('the daemon', () => {
  it('reads its file after each signal, one read after the other, and once for all that come during one', async () => {
    const reads: string[] = [];
    const { path } = temporaryFolder();
    let gate = Promise.resolve();
    const daemon = ownDaemon('agent.yaml', async () => {
      reads.push('begun');
      await gate;
      reads.push('done');
      const service = { url: 'https://localhost:1', ca: join(path, 'ca.pem') };
      return { service, targets: [], stateFolder: path, pollSeconds: 300 };
    });
    await expect.poll(daemon.said).toContain('tends');
    const opened = Promise.withResolvers<void>();
    gate = opened.promise;
    daemon.reload();
    await expect.poll(() => reads).toEqual(['begun', 'done', 'begun']);
    for (let signals = 0; signals < 50; signals++) daemon.reload();
    opened.resolve();
    await expect.poll(() => reads).toEqual(['begun', 'done', 'begun', 'done', 'begun', 'done']);
  });

  it('waits for a service that is not there, and enrols when it has come', async () => {
    const agent = agentFor();
    const port = await freePort();
    const away = { ...service, path: service.path, urls: { ...service.urls, public: `https://localhost:${port}` } };
    const waiting = rotatingAgent(away, temporaryFolder().path);
    const daemon = ownDaemon(waiting.file);
    await expect.poll(daemon.said, patience).toContain('warn: failed: connectionRefused');
    expect(existsSync(join(waiting.files, 'current'))).toBe(false);
    const status = await waiting.status();
    expect([status.failures > 0, Date.parse(status.nextAttemptAt!) > Date.now() - 1000]).toEqual([true, true]);
    await daemon.end();
    const later = ownDaemon(agent.file);
    await expect.poll(later.said, patience).toContain('info: enrolled');
    expect(later.collections()).toBe(1);
  });

  it('keeps a good certificate through the silence, and warns when its end comes near', async () => {
    const folder = temporaryFolder().path;
    const agent = rotatingAgent(service, folder, { lifetimeSeconds: 3600 });
    await agent.turn();
    const before = agent.read('cert.pem');
    const away = { ...service, path: service.path, urls: { ...service.urls, public: 'https://localhost:1' } };
    rotatingAgent(away, folder, { lifetimeSeconds: 3600 });
    const daemon = ownDaemon(agent.file);
    await expect.poll(daemon.said, patience).toContain('warn: failed: connectionRefused');
    daemon.jump(3500);
    await expect.poll(daemon.said, patience).toMatch(/the clock jumped by 3500 s/);
    await expect.poll(daemon.said, patience).toMatch(/error: failed: connectionRefused.*Its certificate ends at/);
    expect(agent.read('cert.pem')).toBe(before);
  });

  it('looks at everything again when the clock jumps, and rotates what is due by then', async () => {
    const agent = agentFor({ lifetimeSeconds: 7200 });
    const daemon = ownDaemon(agent.file);
    await expect.poll(daemon.said, patience).toContain('info: enrolled');
    daemon.jump(6900);
    await expect.poll(daemon.said, patience).toContain('info: rotated');
    daemon.jump(-6900);
    await expect.poll(daemon.said, patience).toContain('jumped by -6900 s');
    expect((await agent.status()).serial).not.toBeNull();
  });

  it('reads its file again when it is told to, and goes on as before with one that cannot be used', async () => {
    const agent = agentFor();
    const daemon = ownDaemon(agent.file);
    await expect.poll(daemon.said, patience).toContain('info: enrolled');
    const before = agent.read('cert.pem');
    agent.rewrite({ names: ['demo.dev.internal'], lifetime: 1 });
    daemon.reload();
    await expect.poll(daemon.said, patience).toMatch(/error: goes on as before: .*lifetime is no setting/);
    expect(agent.read('cert.pem')).toBe(before);
    agent.rewrite({ names: ['demo.dev.internal', 'other.demo.dev.internal'] });
    daemon.reload();
    await expect.poll(daemon.said, patience).toContain('info: read its file again: tends web');
    await expect.poll(daemon.said, patience).toContain('the names in the file changed');
    expect(new X509Certificate(agent.read('cert.pem')).subjectAltName).toContain('other.demo.dev.internal');
  });
});
