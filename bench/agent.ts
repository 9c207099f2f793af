/** Memory of the rotation agent as a daemon: with many targets enrolled, idle, and after it has rotated all of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMeasuredServer, withoutSettings } from './measured-server.ts';
import { median } from './median.ts';
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

const bare = await bareMemory();
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
  const enrolled = memoryOf(agent);
  const seen: Memory[] = [];
  for (let second = 0; second < Number(values.seconds); second++) {
    await pause(1000);
    seen.push(memoryOf(agent));
  }
  const rotations = await counted('rotated');
  report({ bare, enrolled, median: middle(seen), most: most(seen), rotations });
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

/** By the kernel's own account (Linux), in MB of 10^6 octets. */
interface Memory {
  /** Everything mapped and present, the pages of Node's own program among it. */
  readonly resident: number;
  /** What no file stands behind: the agent's own. */
  readonly anonymous: number;
}

function memoryOf({ pid }: ChildProcess): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(rollup)?.[1]) * 1024) / 1e6;
  return { resident: megabytes('Rss'), anonymous: megabytes('Anonymous') };
}

/** What Node takes that does nothing. */
async function bareMemory(): Promise<Memory> {
  const idle = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await pause(2000);
  const memory = memoryOf(idle);
  idle.kill();
  return memory;
}

/** The middle of each. */
function middle(seen: readonly Memory[]): Memory {
  return {
    resident: median(seen.map(({ resident }) => resident)),
    anonymous: median(seen.map(({ anonymous }) => anonymous)),
  };
}

function most(seen: readonly Memory[]): Memory {
  return {
    resident: Math.max(...seen.map(({ resident }) => resident)),
    anonymous: Math.max(...seen.map(({ anonymous }) => anonymous)),
  };
}

interface Figures {
  readonly bare: Memory;
  readonly enrolled: Memory;
  readonly median: Memory;
  readonly most: Memory;
  readonly rotations: number;
}

function report(figures: Figures): void {
  const machine = describeMachine();
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ machine, targets: count, ...figures }, null, 2)}\n`);
    return;
  }
  const { bare, enrolled, median, most, rotations } = figures;
  const row = (what: string, { resident, anonymous }: Memory, aim = ''): string[] => [
    what,
    `${resident.toFixed(0)} MB`,
    `${anonymous.toFixed(0)} MB`,
    aim,
  ];
  const rows = [
    row('Node that does nothing', bare),
    row(`${count} targets enrolled`, enrolled, '80 MB'),
    row(`in use for ${values.seconds} s, ${rotations} rotations: median`, median, '80 MB'),
    row('most', most),
  ];
  const head = ['memory of the agent', 'resident', 'its own', 'aim for resident'];
  process.stdout.write(`${machineLine(machine)}\n\n${formatTable(head, rows)}\n`);
}
