/** Memory of the rotation agent as a daemon: with many targets enrolled, idle, and after it has rotated all of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMeasuredServer, withoutSettings } from './measured-server.ts';
import { describeMachine, formatTable, machineLine } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    targets: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '270' },
  },
});
const launcher = resolve(import.meta.dirname, '../bin/privyseal.js');
const count = Number(values.targets);
const metricsPort = 39_464;
/** The shortest there is, so that every certificate is rotated while we look. */
const lifetimeSeconds = 300;

const service = await startMeasuredServer();
const folder = mkdtempSync(join(tmpdir(), 'privyseal-bench-'));
const file = join(folder, 'agent.yaml');
writeFileSync(file, JSON.stringify(agentFile()));
const agent = spawn(
  process.execPath,
  [launcher, 'rotate', '-f', file, '--daemon', '--metrics-port', `${metricsPort}`],
  {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: withoutSettings(process.env),
  },
);
try {
  await reached('enrolled', count);
  const enrolledMib = rssMib(agent);
  const seen: number[] = [];
  for (let second = 0; second < Number(values.seconds); second++) {
    await pause(1000);
    seen.push(rssMib(agent));
  }
  report({ enrolledMib, medianMib: median(seen), mostMib: Math.max(...seen), rotations: await counted('rotated') });
} finally {
  if (agent.exitCode === null) {
    const ended = new Promise((done) => agent.once('exit', done));
    agent.kill('SIGTERM');
    await ended;
  }
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** JSON is YAML. Every target has the six files of PEM and both stores. */
function agentFile(): object {
  const outputs = ['key.pem', 'cert.pem', 'fullchain.pem', 'chain.pem', 'trust.pem', 'crl.pem'];
  const stores = ['keystore.p12', 'truststore.p12', 'store-password'];
  return {
    service: {
      url: `https://localhost:${service.publicPort}`,
      distributionUrl: `http://localhost:${service.distributionPort}`,
      ca: join(service.home, 'trust/system.pem'),
    },
    stateFolder: join(folder, 'state'),
    pollSeconds: 30,
    targets: Array.from({ length: count }, (_, index) => ({
      name: `target-${index}`,
      names: [`t${index}.demo.dev.internal`],
      lifetimeSeconds,
      enrol: { tokenFile: join(service.home, 'demo/token') },
      files: {
        folder: join(folder, `tls-${index}`),
        outputs: Object.fromEntries([...outputs, ...stores].map((name) => [name, {}])),
      },
    })),
  };
}

function metrics(): Promise<string> {
  return new Promise((done, failed) => {
    get({ port: metricsPort, host: '127.0.0.1', path: '/metrics', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => done(text));
    }).on('error', failed);
  });
}

async function counted(act: string): Promise<number> {
  const samples = (await metrics()).matchAll(new RegExp(`turns_total\\{target="[^"]+",act="${act}"\\} (\\d+)`, 'g'));
  return Array.from(samples, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}

async function reached(act: string, wanted: number): Promise<void> {
  while ((await counted(act).catch(() => 0)) < wanted) {
    if (agent.exitCode !== null) throw new Error(`the agent ended with ${agent.exitCode}`);
    await pause(100);
  }
}

/** Resident memory by the kernel's own account (Linux). */
function rssMib({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}

interface Figures {
  readonly enrolledMib: number;
  readonly medianMib: number;
  readonly mostMib: number;
  readonly rotations: number;
}

function report(figures: Figures): void {
  const machine = describeMachine();
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ machine, targets: count, ...figures }, null, 2)}\n`);
    return;
  }
  const { enrolledMib, medianMib, mostMib, rotations } = figures;
  const rows = [
    [`${count} targets enrolled`, `${enrolledMib.toFixed(0)} MiB`, '80 MB'],
    [`in use for ${values.seconds} s, ${rotations} rotations: median`, `${medianMib.toFixed(0)} MiB`, '80 MB'],
    ['most', `${mostMib.toFixed(0)} MiB`, ''],
  ];
  process.stdout.write(`${machineLine(machine)}\n\n${formatTable(['RSS of the agent', 'measured', 'aim'], rows)}\n`);
}
