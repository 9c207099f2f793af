/** Rotations over mTLS, each authorised by its own certificate: on connections kept alive and on new ones, beside plain issuance. */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { type Enrolled, enrol } from './enrol.ts';
import { httpRequest } from './load.ts';
import { startMeasuredServer } from './measured-server.ts';
import { median } from './median.ts';
import { inLanes, openRaw, type RawConnection } from './raw-connection.ts';
import { type BenchRequest, makeSignedRequests } from './signed-requests.ts';
import { describeMachine, formatTable, machineLine, thousands } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** Of each kind in each round; each has a connection of its own, of which a face takes 4,096. */
    certificates: { type: 'string', default: '1500' },
    rounds: { type: 'string', default: '3' },
    lanes: { type: 'string', default: '64' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const count = Number(values.certificates);
const lanes = Number(values.lanes);

const server = await startMeasuredServer(values.folder);
const { publicPort: port, ca } = server;
const target = ({ cert, key }: Enrolled) => ({ port, ca, cert, key });

const rotation = ({ serial }: Enrolled, { csrDer }: BenchRequest): Buffer => {
  const headers = { 'Content-Type': 'application/pkcs10', Accept: 'application/pkix-cert' };
  return httpRequest('POST', `/v1/certificates/${serial}/rotate`, headers, csrDer);
};

async function rotate(connection: RawConnection, request: Buffer): Promise<void> {
  const { status, body } = await connection.exchange(request);
  if (status !== 201) throw new Error(`a rotation was answered ${status}: ${body}`);
}

/** Connections are open, and were used once, before anything is measured. */
async function keptAlive(certificates: readonly Enrolled[], requests: readonly BenchRequest[]): Promise<number> {
  const open = certificates.map((certificate, index) => ({
    certificate,
    request: rotation(certificate, requests[index]!),
    connection: undefined as RawConnection | undefined,
  }));
  await inLanes(open, lanes, async (each) => {
    each.connection = await openRaw(target(each.certificate));
    await each.connection.exchange(httpRequest('GET', '/livez', {}));
  });
  const seconds = await inLanes(open, lanes, ({ connection, request }) => rotate(connection!, request));
  for (const { connection } of open) connection!.close();
  return count / seconds;
}

/** Each with a handshake of its own. */
async function newConnections(certificates: readonly Enrolled[], requests: readonly BenchRequest[]): Promise<number> {
  const pairs = certificates.map((certificate, index) => ({ certificate, request: requests[index]! }));
  const seconds = await inLanes(pairs, lanes, async ({ certificate, request }) => {
    const connection = await openRaw(target(certificate));
    await rotate(connection, rotation(certificate, request));
    connection.close();
  });
  return count / seconds;
}

interface Round {
  readonly issuance: number;
  readonly keptAlive: number;
  readonly newConnections: number;
}

async function round(): Promise<Round> {
  const requests = makeSignedRequests(count * 4, 'demo.dev.internal');
  const part = (index: number): BenchRequest[] => requests.slice(index * count, (index + 1) * count);
  const first = await enrol(server, part(0), lanes);
  const second = await enrol(server, part(1), lanes);
  return {
    issuance: (first.perSecond + second.perSecond) / 2,
    keptAlive: await keptAlive(first.enrolled, part(2)),
    newConnections: await newConnections(second.enrolled, part(3)),
  };
}

// V8 goes on compiling the hot path for a while; what is measured is a service that runs.
await round();
const rounds: Round[] = [];
for (let index = 0; index < Number(values.rounds); index++) rounds.push(await round());
await server.stop();

const issuance = median(rounds.map((each) => each.issuance));
const rates: readonly (readonly [string, number])[] = [
  ['issue, token, kept alive', issuance],
  ['rotate, mTLS, kept alive', median(rounds.map((each) => each.keptAlive))],
  ['rotate, mTLS, new connection each', median(rounds.map((each) => each.newConnections))],
];
const machine = describeMachine();
if (values.json) {
  process.stdout.write(`${JSON.stringify({ machine, certificates: count, lanes, rounds }, null, 2)}\n`);
} else {
  const rows = rates.map(([what, rate]) => [what, thousands(rate), `${((rate / issuance) * 100).toFixed(0)} %`]);
  const lines = [
    `Rotations, each authorised by its own certificate over TLS 1.3; ${lanes} at a time, ${thousands(count)} a round`,
    machineLine(machine),
    `Median of ${rounds.length} rounds; the load shares the machine's cores`,
    '',
    formatTable(['what', 'per s', 'of issuance'], rows),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
