/** From a P-256 CSR to a durable certificate with the issuing key in each vault, beside what the vault's own backend signs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBao, tokenFor } from '../test/support/bao-server.ts';
import { pathOf } from '../test/support/judges.ts';
import { makeSoftwareToken, softwareModule } from '../test/support/software-token.ts';
import { createPolicy } from '../test/support/vault-policies.ts';
import { httpRequest, type LoadResult, runLoad } from './load.ts';
import { type MeasuredServer, startMeasuredServer } from './measured-server.ts';
import { median } from './median.ts';
import { type RawPlan, rawBaoRate, rawFileRate, rawTokenRate } from './raw-signing.ts';
import { makeSignedRequests } from './signed-requests.ts';
import { describeMachine, formatTable, machineLine, thousands } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** Of each vault in each round. */
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '7' },
    connections: { type: 'string', default: '1,16,64' },
    /** The first is what the others are compared with. */
    vaults: { type: 'string', default: 'file,openbao,pkcs11' },
    /** Where the homes are made: the disk under it decides what a durable commit costs. */
    folder: { type: 'string', default: tmpdir() },
  },
});
const seconds = Number(values.seconds);
const roundCount = Number(values.rounds);
const levels = values.connections.split(',').map(Number);
/** What is measured is a service that runs: before the first round, and before each after it. */
const firstWarmUpSeconds = 3;
const warmUpSeconds = 0.5;
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
  readonly raw: number;
  readonly rounds: readonly LoadResult[];
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

function issue({ publicPort, ca, token }: MeasuredServer, connections: number, round: number): Promise<LoadResult> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/pkcs10' };
  const bytes = requests.map(({ csrDer }) => httpRequest('POST', '/v1/certificates', headers, csrDer));
  return runLoad({
    ...{ port: publicPort, ca, connections },
    warmUpMs: (round === 0 ? firstWarmUpSeconds : warmUpSeconds) * 1000,
    durationMs: seconds * 1000,
    expectedStatus: 201,
    requests: bytes.map((request) => request.toString('base64')),
  });
}

/** One vault after the other in each round, so that what the machine does else befalls all of them. */
async function measureAll(): Promise<Row[]> {
  const folder = mkdtempSync(join(values.folder, 'privyseal-bench-'));
  const names = values.vaults.split(',');
  const contenders = new Map<string, Contender>();
  const rows: Row[] = [];
  try {
    for (const name of names) contenders.set(name, await openers[name]!(folder));
    for (const connections of levels) {
      const measured = names.map((vault) => ({ vault, rounds: [] as LoadResult[] }));
      for (let round = 0; round < roundCount; round++)
        for (const { vault, rounds } of measured)
          rounds.push(await issue(contenders.get(vault)!.service, connections, round));
      for (const { vault, rounds } of measured) {
        const raw = await contenders.get(vault)!.raw({ callers: connections, seconds });
        rows.push({ vault, connections, raw, rounds });
      }
    }
  } finally {
    for (const contender of contenders.values()) await contender.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

const rows = await measureAll();
const middle = ({ rounds }: Row, figure: 'perSecond' | 'p50Ms' | 'p99Ms'): number =>
  median(rounds.map((round) => round[figure]));
const referenceOf = ({ connections }: Row): Row => rows.find((row) => row.connections === connections)!;
/** Each round beside the first vault's, which was measured a moment before. */
const ofFirst = (row: Row): readonly number[] =>
  row.rounds.map(({ perSecond }, round) => perSecond / referenceOf(row).rounds[round]!.perSecond);
const ofRaw = (row: Row): number => middle(row, 'perSecond') / row.raw;
/** Of whichever is lower: what the backend signs alone, or what is issued with the first vault. */
const ofLower = (row: Row): number => Math.max(ofRaw(row), median(ofFirst(row)));
const failures = ({ rounds }: Row): number => rounds.reduce((sum, round) => sum + round.failures, 0);

if (values.json) {
  process.stdout.write(`${JSON.stringify({ machine: describeMachine(), seconds, rows }, null, 2)}\n`);
} else {
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  const cells = rows.map((row) => [
    ...[row.vault, row.connections, thousands(middle(row, 'perSecond')), thousands(row.raw), percent(ofRaw(row))],
    ...[percent(median(ofFirst(row))), percent(Math.min(...ofFirst(row))), percent(Math.max(...ofFirst(row)))],
    ...[percent(ofLower(row)), middle(row, 'p50Ms').toFixed(2), middle(row, 'p99Ms').toFixed(2), failures(row)],
  ]);
  const header = [
    ...['vault', 'connections', 'issued per s', 'raw per s', 'of raw', 'of the first', 'least', 'most'],
    ...['of the lower', 'p50 ms', 'p99 ms', 'failures'],
  ];
  const text = [
    'From a P-256 CSR to a durable certificate, with all keys in one vault; raw: the backend alone, as many callers, no service',
    machineLine(describeMachine()),
    `Medians of ${roundCount} rounds of ${seconds} s, one vault after the other; service, backend and load share the machine's cores`,
    '',
    formatTable(header, cells),
  ];
  process.stdout.write(`${text.join('\n')}\n`);
}
process.exitCode = rows.some((row) => failures(row) > 0 || ofLower(row) < 0.8) ? 1 : 0;
