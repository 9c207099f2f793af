/** Time from the start of the process to ready, for a first and a second run, and the memory of the idle service. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { withoutSettings } from './measured-server.ts';
import { median } from './median.ts';
import { describeMachine, formatTable, machineLine } from './table.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string', default: '5' } },
});
const launcher = resolve(import.meta.dirname, '../bin/privyseal.js');
const idleMs = 10_000;

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const probe = createServer().listen(0, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });

const isReady = (port: number): Promise<boolean> =>
  new Promise((done) => {
    get({ port, host: 'localhost', path: '/readyz' }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    }).on('error', () => done(false));
  });

/** Starts the service on `home` and waits until it is ready. */
async function timedStart(home: string): Promise<{ child: ChildProcess; readyMs: number }> {
  const [publicPort, adminPort, distributionPort] = [await freePort(), await freePort(), await freePort()];
  const startedAt = performance.now();
  const child = spawn(process.execPath, [launcher, 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...withoutSettings(process.env),
      PRIVYSEAL_HOME: home,
      PRIVYSEAL_PUBLIC_PORT: String(publicPort),
      PRIVYSEAL_ADMIN_PORT: String(adminPort),
      PRIVYSEAL_DISTRIBUTION_PORT: String(distributionPort),
    },
  });
  while (!(await isReady(distributionPort))) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    await pause(2);
  }
  return { child, readyMs: performance.now() - startedAt };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await ended;
}

/** Resident memory by the kernel's own account (Linux), in megabytes of 10^6 octets; its kB are 1024. */
const rssMb = (child: ChildProcess): number =>
  (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6;

const firstMs: number[] = [];
const secondMs: number[] = [];
let idleMb = Number.NaN;
for (let round = 0; round < Number(values.runs); round++) {
  const folder = mkdtempSync(join(tmpdir(), 'privyseal-bench-'));
  const home = join(folder, 'data');
  const first = await timedStart(home);
  firstMs.push(first.readyMs);
  await stop(first.child);
  const second = await timedStart(home);
  secondMs.push(second.readyMs);
  if (round === 0) {
    await pause(idleMs);
    idleMb = rssMb(second.child);
  }
  await stop(second.child);
  rmSync(folder, { recursive: true, force: true });
}

const machine = describeMachine();
if (values.json) {
  process.stdout.write(`${JSON.stringify({ machine, firstMs, secondMs, idleMb }, null, 2)}\n`);
} else {
  const row = (what: string, all: readonly number[], aim: string) => {
    const [least, most] = [Math.min(...all), Math.max(...all)];
    return [what, `${median(all).toFixed(0)} ms`, `${least.toFixed(0)} ms`, `${most.toFixed(0)} ms`, aim];
  };
  const rows = [
    row('first run to ready', firstMs, '5,000 ms'),
    row('second run to ready', secondMs, '1,000 ms'),
    [`idle memory (RSS) after ${idleMs / 1000} s`, `${idleMb.toFixed(0)} MB`, '', '', '120 MB'],
  ];
  process.stdout.write(`${machineLine(machine)}\n\n${formatTable(['what', 'median', 'least', 'most', 'aim'], rows)}\n`);
}
