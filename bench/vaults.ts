/** From a P-256 CSR to a durable certificate with the issuing key in each vault, beside what the vault's own backend signs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBao, tokenFor } from '../test/support/bao-server.ts';
import { pathOf } from '../test/support/judges.ts';
import { makeSoftwareToken, softwareModule } from '../test/support/software-token.ts';
import { createPolicy } from '../test/support/vault-policies.ts';
import { httpRequest, runLoad } from './load.ts';
import { type MeasuredServer, startMeasuredServer } from './measured-server.ts';
import { type RawPlan, rawBaoRate, rawFileRate, rawTokenRate } from './raw-signing.ts';
import { makeSignedRequests } from './signed-requests.ts';
import { describeMachine, formatTable, machineLine, thousands } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '1,16,64' },
    /** The first is what the others are compared with. */
    vaults: { type: 'string', default: 'file,openbao,pkcs11' },
    /** Where the homes are made: the disk under it decides what a durable commit costs. */
    folder: { type: 'string', default: tmpdir() },
  },
});
const seconds = Number(values.seconds);
const levels = values.connections.split(',').map(Number);
/** What is measured is a service that runs. */
const warmUpSeconds = 3;
const mount = 'ca-keys';

interface Contender {
  readonly service: MeasuredServer;
  /** Signatures a second of the backend alone. */
  raw(plan: RawPlan): Promise<number>;
  stop(): Promise<void>;
}

interface Row {
  readonly vault: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
  readonly raw: number;
}

const openers: Readonly<Record<string, (folder: string) => Promise<Contender>>> = {
  async file() {
    const service = await startMeasuredServer(values.folder);
    return { service, raw: rawFileRate, stop: () => service.stop() };
  },
  async openbao(folder) {
    const server = await startBao({ program: pathOf('bao'), storage: 'raft' });
    await server.ask('POST', `sys/mounts/${mount}`, { type: 'transit' });
    await server.ask('POST', 'sys/policies/acl/privyseal', { policy: createPolicy(mount) });
    await server.ask('POST', `${mount}/keys/raw`, { type: 'ecdsa-p256' });
    const token = await tokenFor(server, ['privyseal']);
    const { address, caFile } = server;
    const entry = { kind: 'openbao', address, caFile, mount, tokenFile: server.write('token', token) };
    const service = await serveWith(folder, entry);
    return {
      service,
      raw: (plan) => rawBaoRate({ server, path: `${mount}/sign/raw`, token }, plan),
      async stop() {
        await service.stop();
        await server.stop();
      },
    };
  },
  async pkcs11(folder) {
    const token = await makeSoftwareToken();
    const { label, pinFile, env } = token;
    const entry = { kind: 'pkcs11', module: softwareModule, tokenLabel: label, pinFile };
    const service = await serveWith(folder, entry, env);
    return {
      service,
      raw: (plan) => rawTokenRate(token, plan),
      async stop() {
        await service.stop();
        token.dispose();
      },
    };
  },
};

function serveWith(folder: string, entry: object, env: Readonly<Record<string, string>> = {}): Promise<MeasuredServer> {
  const file = join(folder, 'privyseal.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ vault: 'measured', vaults: [{ name: 'measured', ...entry }] }));
  return startMeasuredServer(values.folder, { ...env, PRIVYSEAL_CONFIG: file });
}

const requests = makeSignedRequests(4096, 'demo.dev.internal');

async function issue({ publicPort, ca, token }: MeasuredServer, connections: number) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/pkcs10' };
  const bytes = requests.map(({ csrDer }) => httpRequest('POST', '/v1/certificates', headers, csrDer));
  return runLoad({
    ...{ port: publicPort, ca, connections },
    warmUpMs: warmUpSeconds * 1000,
    durationMs: seconds * 1000,
    expectedStatus: 201,
    requests: bytes.map((request) => request.toString('base64')),
  });
}

/** One vault after the other at each level, so that what the machine does else befalls all of them. */
async function measureAll(): Promise<Row[]> {
  const folder = mkdtempSync(join(values.folder, 'privyseal-bench-'));
  const names = values.vaults.split(',');
  const contenders = new Map<string, Contender>();
  const rows: Row[] = [];
  try {
    for (const name of names) contenders.set(name, await openers[name]!(folder));
    for (const connections of levels) {
      for (const [vault, contender] of contenders) {
        const raw = await contender.raw({ callers: connections, seconds });
        const { perSecond, p50Ms, p99Ms, failures } = await issue(contender.service, connections);
        rows.push({ vault, connections, perSecond, p50Ms, p99Ms, failures, raw });
      }
    }
  } finally {
    for (const contender of contenders.values()) await contender.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

const rows = await measureAll();
const reference = (connections: number): number =>
  rows.find((row) => row.connections === connections)?.perSecond ?? Number.NaN;
/** Of whichever is lower: what the backend signs alone, or what is issued with the first vault. */
const shareOf = ({ perSecond, raw, connections }: Row): number => perSecond / Math.min(raw, reference(connections));

if (values.json) {
  process.stdout.write(`${JSON.stringify({ machine: describeMachine(), seconds, rows }, null, 2)}\n`);
} else {
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  const cells = rows.map((row) => [
    ...[row.vault, row.connections, thousands(row.perSecond), thousands(row.raw), percent(row.perSecond / row.raw)],
    ...[percent(row.perSecond / reference(row.connections)), percent(shareOf(row))],
    ...[row.p50Ms.toFixed(2), row.p99Ms.toFixed(2), row.failures],
  ]);
  const header = [
    ...['vault', 'connections', 'issued per s', 'raw per s', 'of raw', 'of the first', 'of the lower'],
    ...['p50 ms', 'p99 ms', 'failures'],
  ];
  const text = [
    'From a P-256 CSR to a durable certificate, with all keys in one vault; raw: the backend alone, as many callers, no service',
    machineLine(describeMachine()),
    `${seconds} s each after ${warmUpSeconds} s of warm-up; service, backend and load share the machine's cores`,
    '',
    formatTable(header, cells),
  ];
  process.stdout.write(`${text.join('\n')}\n`);
}
process.exitCode = rows.some((row) => row.failures > 0 || shareOf(row) < 0.8) ? 1 : 0;
