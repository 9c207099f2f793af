/** A fleet of agents against one service: polls of renewal information, and a campaign over all of them beside issuance. */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import type { CampaignPlanJson, CampaignProgressJson } from '../src/api/campaign.ts';
import type { RenewalInfoJson } from '../src/api/certificate.ts';
import { askAdmin } from './ask-admin.ts';
import { startBareServer } from './bare-http.ts';
import { type Enrolled, enrol } from './enrol.ts';
import { httpRequest, type LoadResult, runLoad } from './load.ts';
import { startMeasuredServer } from './measured-server.ts';
import { inLanes, openRaw, type RawAnswer } from './raw-connection.ts';
import { makeSignedRequests } from './signed-requests.ts';
import { describeMachine, formatTable, machineLine, thousands } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    agents: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const agents = Number(values.agents);
const connections = Number(values.connections);
const lanes = 64;
const hours = 24;
const seconds = Number(values.seconds);
const warmUpSeconds = 3;

const server = await startMeasuredServer(values.folder);
const { ca, publicPort, distributionPort } = server;

const pathOf = (serial: string): string => `/v1/renewal-info/${serial}`;

interface Poll {
  readonly serial: string;
  readonly etag: string;
  readonly info: RenewalInfoJson;
}

/** What each agent is told now. */
async function pollAll(fleet: readonly Enrolled[]): Promise<readonly Poll[]> {
  const open = await Promise.all(Array.from({ length: lanes }, () => openRaw({ port: distributionPort })));
  const polls: Poll[] = [];
  await inLanes(fleet, lanes, async ({ serial }, lane) => {
    const { status, head, body } = await open[lane]!.exchange(httpRequest('GET', pathOf(serial), {}));
    if (status !== 200) throw new Error(`a poll was answered ${status}: ${body}`);
    const [, etag = ''] = /\r\netag: *([^\r]+)/i.exec(head) ?? [];
    polls.push({ serial, etag, info: JSON.parse(body.toString()) as RenewalInfoJson });
  });
  for (const connection of open) connection.close();
  return polls;
}

async function answerOf(serial: string): Promise<RawAnswer> {
  const connection = await openRaw({ port: distributionPort });
  const answer = await connection.exchange(httpRequest('GET', pathOf(serial), {}));
  connection.close();
  return answer;
}

interface Measured extends LoadResult {
  /** Processor time of the service for one request: what a loaded machine does not blur. */
  readonly serverMicroseconds: number;
}

interface Where {
  readonly port: number;
  readonly ca?: string;
  /** Who answers there; the service if absent. */
  readonly measured?: { measure(): Promise<{ readonly cpuSeconds: number }> };
}

async function load(
  { measured = server, ...where }: Where,
  expectedStatus: number,
  requests: readonly Buffer[],
): Promise<Measured> {
  const plan = {
    ...where,
    connections,
    warmUpMs: warmUpSeconds * 1_000,
    durationMs: seconds * 1_000,
    expectedStatus,
    requests: requests.map((bytes) => bytes.toString('base64')),
  };
  const result = await runLoad(plan, () => measured.measure());
  const { cpuSeconds } = await measured.measure();
  return { ...result, serverMicroseconds: (cpuSeconds * 1e6) / result.requests };
}

/** Issues until the campaign has recorded its members, at most `requests`. */
async function issueWhileCollecting(id: string, requests: ReturnType<typeof makeSignedRequests>) {
  const began = performance.now();
  const rates: number[] = [];
  for (let at = 0; at < requests.length; at += slice) {
    const { status } = await askAdmin<CampaignProgressJson>(server, 'GET', `/v1/campaigns/${id}`);
    if (status !== 'collecting') break;
    rates.push((await enrol(server, requests.slice(at, at + slice), lanes)).perSecond);
  }
  let status = 'collecting';
  while (status === 'collecting') {
    await new Promise((resolve) => setTimeout(resolve, 200));
    ({ status } = await askAdmin<CampaignProgressJson>(server, 'GET', `/v1/campaigns/${id}`));
  }
  return { seconds: (performance.now() - began) / 1000, perSecond: average(rates) };
}

const slice = 256;
const average = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

const fleet = (await enrol(server, makeSignedRequests(agents, 'demo.dev.internal'), lanes)).enrolled;
const gets = fleet.map(({ serial }) => httpRequest('GET', pathOf(serial), {}));

const known = (await pollAll(fleet)).map(({ serial, etag }) =>
  httpRequest('GET', pathOf(serial), { 'If-None-Match': etag }),
);
const bare = await startBareServer(await answerOf(fleet[0]!.serial));
const polls: readonly (readonly [string, Measured])[] = [
  ['poll, HTTP, kept alive', await load({ port: distributionPort }, 200, gets)],
  ['poll again (304), HTTP', await load({ port: distributionPort }, 304, known)],
  ['poll, TLS, kept alive', await load({ port: publicPort, ca }, 200, gets)],
  ['the same bytes of bare node:http', await load({ port: bare.port, measured: bare }, 200, gets)],
];
await bare.stop();

const extra = makeSignedRequests(slice * 24, 'demo.dev.internal');
const plain = (await enrol(server, extra.slice(0, slice * 4), lanes)).perSecond;
const rotateBy = new Date(Date.now() + hours * 3_600_000).toISOString();
const order = { filter: { environment: 'dev' }, rotateBy, description: 'bench' };
const plan = await askAdmin<CampaignPlanJson>(server, 'POST', '/v1/campaigns', { ...order, dryRun: true });
const { id } = await askAdmin<{ id: string }>(server, 'POST', '/v1/campaigns', order);
const collecting = await issueWhileCollecting(id, extra.slice(slice * 4));

/** Each agent rotates at a random time in its window; the busiest hour is what the authority would feel. */
const told = await pollAll(fleet);
const startedAt = Date.now();
const perHour = new Map<number, number>();
for (const { info } of told) {
  const [start, end] = [Date.parse(info.suggestedWindow.start), Date.parse(info.suggestedWindow.end)];
  const hour = Math.floor(Math.max(start + Math.random() * (end - start) - startedAt, 0) / 3_600_000);
  perHour.set(hour, (perHour.get(hour) ?? 0) + 1);
}
const busiest = Math.max(...perHour.values());
const moved = told.filter(({ info }) => info.reason === 'campaign').length;
await server.stop();

const figures = {
  agents,
  polls: Object.fromEntries(polls),
  campaign: { members: plan.certificates, moved, planned: plan.mostPerHour, busiest, seconds: collecting.seconds },
  issuance: { alone: plain, beside: collecting.perSecond },
};
const machine = describeMachine();
if (values.json) process.stdout.write(`${JSON.stringify({ machine, ...figures }, null, 2)}\n`);
else {
  const share = collecting.perSecond / plain;
  const [, bareRate] = polls.at(-1)!;
  const rows = polls.map(([what, each]) => [
    what,
    thousands(each.perSecond),
    `${((each.perSecond / bareRate.perSecond) * 100).toFixed(0)} %`,
    each.p50Ms.toFixed(2),
    each.p99Ms.toFixed(2),
    each.serverMicroseconds.toFixed(0),
    each.failures,
  ]);
  const lines = [
    `${thousands(agents)} agents against one service, ${connections} connections; the load shares the machine's cores`,
    machineLine(machine),
    '',
    formatTable(['what', 'per s', 'of bare', 'p50 ms', 'p99 ms', 'server us each', 'failures'], rows),
    '',
    `A campaign of ${thousands(plan.certificates)}: recorded in ${collecting.seconds.toFixed(1)} s, ${thousands(moved)} windows of agents moved;`,
    `planned ${thousands(plan.mostPerHour)} rotations in the busiest hour of ${hours}, the agents' random picks come to ${thousands(busiest)}`,
    `Issuance ${thousands(plain)}/s alone, ${thousands(collecting.perSecond)}/s while members are recorded (${(share * 100).toFixed(0)} %)`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
process.exitCode = polls.some(([, { failures }]) => failures > 0) ? 1 : 0;
