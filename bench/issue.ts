/** From a P-256 CSR to a durable certificate over TLS keep-alive, beside bare node:crypto and `GET /livez` of the same server. */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { bareRate } from './bare-crypto.ts';
import { httpRequest, type LoadResult, runLoad } from './load.ts';
import { type MeasuredServer, startMeasuredServer } from './measured-server.ts';
import type { ServerFigures } from './server.ts';
import { makeSignedRequests } from './signed-requests.ts';
import { describeMachine, formatTable, machineLine, thousands } from './table.ts';

interface Row extends LoadResult, ServerFigures {
  readonly what: 'issue' | 'livez';
  readonly connections: number;
  /** Bare rate, the mean of just before and just after: a shared machine's speed changes within a minute. */
  readonly bare: number;
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '1,16,64' },
    keys: { type: 'string', default: '8192' },
    /** `issue` alone keeps a profile free of `livez`. */
    what: { type: 'string', default: 'issue,livez' },
    /** Where the home is made: the disk under it decides what a durable commit costs. */
    folder: { type: 'string', default: tmpdir() },
  },
});

/** V8 goes on compiling the hot path for some seconds; what is measured is a service that runs. */
const warmUpSeconds = 12;
const bareMs = 2_000;

const seconds = Number(values.seconds);
const levels = values.connections.split(',').map(Number);

const requests = makeSignedRequests(Number(values.keys), 'demo.dev.internal');
// livez is asked more often than one address may; issuing meets the limits of its token and its product as users do.
const server = await startMeasuredServer(values.folder, { PRIVYSEAL_REQUESTS_PER_MINUTE: '1000000000' });
const bareRates = [bareRate(requests, bareMs)];
const rows: Row[] = [];
for (const connections of levels) {
  for (const what of ['issue', 'livez'] as const) {
    if (values.what.split(',').includes(what)) rows.push(await measure(server, what, connections));
  }
}
await server.stop();

async function measure(
  { publicPort, ca, token, measure: read }: MeasuredServer,
  what: Row['what'],
  connections: number,
) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/pkcs10' };
  const bytes =
    what === 'livez'
      ? [httpRequest('GET', '/livez', {})]
      : requests.map(({ csrDer }) => httpRequest('POST', '/v1/certificates', headers, csrDer));
  const plan = {
    port: publicPort,
    ca,
    connections,
    warmUpMs: warmUpSeconds * 1_000,
    durationMs: seconds * 1_000,
    expectedStatus: what === 'issue' ? 201 : 200,
    requests: bytes.map((request) => request.toString('base64')),
  };
  const load = await runLoad(plan, read);
  const figures = await read();
  const before = bareRates.at(-1)!;
  const after = bareRate(requests, bareMs);
  bareRates.push(after);
  return { what, connections, ...load, ...figures, bare: (before + after) / 2 };
}

const machine = describeMachine();
const livezAt = (connections: number): number | undefined =>
  rows.find((row) => row.what === 'livez' && row.connections === connections)?.perSecond;

if (values.json) {
  process.stdout.write(`${JSON.stringify({ machine, seconds, keys: requests.length, bareRates, rows }, null, 2)}\n`);
} else {
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  const ofLivez = ({ what, connections, perSecond }: Row): string => {
    const livez = livezAt(connections);
    return what === 'livez' || livez === undefined ? '' : percent(perSecond / livez);
  };
  const cells = rows.map((row) => [
    row.what,
    row.connections,
    thousands(row.perSecond),
    thousands(row.bare),
    percent(row.perSecond / row.bare),
    ofLivez(row),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.maxMs.toFixed(1),
    row.eventLoopDelayP99Ms.toFixed(1),
    percent(row.eventLoopUtilization),
    row.cores.toFixed(2),
    (row.loadCpuSeconds / seconds).toFixed(2),
    row.rssMib.toFixed(0),
    row.failures,
  ]);
  const header = [
    ...['what', 'connections', 'per s', 'bare per s', 'of bare', 'of livez', 'p50 ms', 'p99 ms', 'max ms'],
    ...['loop p99 ms', 'loop busy', 'server cores', 'load cores', 'RSS MiB', 'failures'],
  ];
  const text = [
    'From a P-256 CSR to a durable certificate: closed loop over TLS 1.3 keep-alive',
    machineLine(machine),
    `Bare: import + verify + sign of node:crypto on one thread, ${bareMs / 1000} s before and after each row`,
    `${seconds} s each after ${warmUpSeconds} s of warm-up; ${thousands(requests.length)} keys; the load shares the machine's cores`,
    '',
    formatTable(header, cells),
  ];
  process.stdout.write(`${text.join('\n')}\n`);
}
process.exitCode = rows.some((row) => row.failures > 0) ? 1 : 0;
