/** Issuance beside a large campaign: while its members are recorded, while it runs, and while it revokes; each in turn with issuance alone. */
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { CampaignJson, CampaignProgressJson } from '../src/api/campaign.ts';
import { askAdmin } from './ask-admin.ts';
import { enrol } from './enrol.ts';
import { fillInventory } from './inventory-rows.ts';
import { makeBenchHome, serveHome } from './measured-server.ts';
import { makeSignedRequests } from './signed-requests.ts';
import { describeMachine, formatTable, machineLine, thousands } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** Written; those that expired meanwhile are no members: three of five are. */
    certificates: { type: 'string', default: '170000' },
    products: { type: 'string', default: '100' },
    /** Of issuance alone and beside, in turn. */
    rounds: { type: 'string', default: '4' },
    slice: { type: 'string', default: '1024' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(values.rounds);
const lanes = 64;

const home = await makeBenchHome(values.folder);
await fillInventory({
  file: join(home, 'privyseal.db'),
  migrationsDirectory: resolve(import.meta.dirname, '../migrations/sqlite'),
  certificates: Number(values.certificates),
  products: Number(values.products),
  generations: 1,
});
process.stderr.write(`${values.certificates} certificates are written; measuring\n`);
const server = await serveHome(home);
const requests = makeSignedRequests(Number(values.slice), 'demo.dev.internal');

interface Slice {
  readonly perSecond: number;
  /** Processor time of the service for one certificate, the campaign's in it: what a loaded machine does not blur. */
  readonly serverMicroseconds: number;
}

async function issue(): Promise<Slice> {
  await server.measure();
  const { perSecond } = await enrol(server, requests, lanes);
  const { cpuSeconds } = await server.measure();
  return { perSecond, serverMicroseconds: (cpuSeconds * 1e6) / requests.length };
}

interface Compared {
  readonly alone: Slice;
  readonly beside: Slice;
}

/** A B A B: whatever else the machine does blurs both alike. */
async function compare(begin: () => Promise<unknown>, end: () => Promise<unknown>): Promise<Compared> {
  const [alone, beside]: [Slice[], Slice[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    alone.push(await issue());
    await begin();
    beside.push(await issue());
    await end();
  }
  return { alone: meanOf(alone), beside: meanOf(beside) };
}

const meanOf = (slices: readonly Slice[]): Slice => ({
  perSecond: slices.length / slices.reduce((sum, each) => sum + 1 / each.perSecond, 0),
  serverMicroseconds: slices.reduce((sum, each) => sum + each.serverMicroseconds, 0) / slices.length,
});

const ahead = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
const start = (body: object) =>
  askAdmin<CampaignJson>(server, 'POST', '/v1/campaigns', {
    filter: { profile: ['server', 'peer'], ...among },
    ...body,
  });
const change = (id: string, act: string, body: object = {}) =>
  askAdmin<CampaignJson>(server, 'POST', `/v1/campaigns/${id}/${act}`, body);
const read = (id: string) => askAdmin<CampaignProgressJson>(server, 'GET', `/v1/campaigns/${id}`);
/** Not those that the bench itself has issued. */
const among = { 'issued.before': ahead(0) };

async function untilRecorded(id: string): Promise<CampaignProgressJson> {
  for (;;) {
    const progress = await read(id);
    if (progress.status !== 'collecting') return progress;
    await pause(200);
  }
}

await issue();
let recorded = '';
const recording = await compare(
  async () => {
    recorded = (await start({ rotateBy: ahead(86_400) })).id;
  },
  () => change(recorded, 'abandon'),
);

const campaign = await untilRecorded((await start({ rotateBy: ahead(86_400), revokeAt: ahead(90_000) })).id);
await change(campaign.id, 'pause');
const running = await compare(
  () => change(campaign.id, 'resume'),
  () => change(campaign.id, 'pause'),
);

const revoking = await compare(
  async () => {
    await change(campaign.id, 'resume', { rotateBy: ahead(3), revokeAt: ahead(3) });
    await pause(4_000);
  },
  () => change(campaign.id, 'pause'),
);
const { progress } = await read(campaign.id);
await server.stop();

const phases = Object.entries({ recording, running, revoking });
const shareOf = ({ alone, beside }: Compared): number => beside.perSecond / alone.perSecond;
const machine = describeMachine();
if (values.json) {
  const figures = { members: campaign.members, revoked: progress.failed, recording, running, revoking };
  process.stdout.write(`${JSON.stringify({ machine, ...figures }, null, 2)}\n`);
} else {
  const rows = phases.map(([phase, each]) => [
    phase,
    thousands(each.alone.perSecond),
    thousands(each.beside.perSecond),
    `${(shareOf(each) * 100).toFixed(0)} %`,
    thousands(each.alone.serverMicroseconds),
    thousands(each.beside.serverMicroseconds),
  ]);
  const lines = [
    `Issuance beside a campaign of ${thousands(campaign.members)}, ${lanes} connections; the load shares the machine's cores`,
    machineLine(machine),
    '',
    formatTable(['while it is', 'alone /s', 'beside /s', 'share', 'server us alone', 'beside'], rows),
    '',
    `${thousands(progress.failed)} were revoked meanwhile`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
