/** The key of an authority with 100,000 certificates is compromised: how soon its replacement issues, and all of it is done. */
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { CompromiseJson } from '../src/api/authority-rotation.ts';
import { askAdmin } from './ask-admin.ts';
import { fillInventory } from './inventory-rows.ts';
import { httpRequest } from './load.ts';
import { makeBenchHome, serveHome } from './measured-server.ts';
import { openRaw } from './raw-connection.ts';
import { makeSignedRequests } from './signed-requests.ts';
import { describeMachine, formatTable, machineLine, thousands } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    certificates: { type: 'string', default: '100000' },
    products: { type: 'string', default: '100' },
    folder: { type: 'string', default: tmpdir() },
  },
});

const home = await makeBenchHome(values.folder);
await fillInventory({
  file: join(home, 'privyseal.db'),
  migrationsDirectory: resolve(import.meta.dirname, '../migrations/sqlite'),
  certificates: Number(values.certificates),
  products: Number(values.products),
});
const server = await serveHome(home);
const compromise = (body: object): Promise<CompromiseJson> =>
  askAdmin<CompromiseJson>(server, 'POST', '/v1/authorities/dev-issuing/compromise', {
    reason: 'a drill of the bench',
    ...body,
  });

const headers = {
  Authorization: `Bearer ${server.token}`,
  'Content-Type': 'application/pkcs10',
  Accept: 'application/pkix-cert',
};
const requests = makeSignedRequests(512, 'demo.dev.internal');
const connection = await openRaw({ port: server.publicPort, ca: server.ca });
let sent = 0;

const compromisedKey = (await issueOne())!;
try {
  const planned = await timed(() => compromise({ dryRun: true }));
  const [declared, first] = await Promise.all([timed(() => compromise({})), timed(firstOfReplacement)]);
  report({ planned, declared, first });
} finally {
  connection.close();
  await server.stop();
}

/** The authorityKeyIdentifier, for generations share a name; undefined when it is refused. */
async function issueOne(): Promise<string | undefined> {
  const { csrDer } = requests[sent++ % requests.length]!;
  const { status, body } = await connection.exchange(httpRequest('POST', '/v1/certificates', headers, csrDer));
  if (status !== 201) return undefined;
  const at = body.indexOf(Buffer.from('0603551d23', 'hex'));
  return body.subarray(at, at + 31).toString('hex');
}

/** One certificate is asked for after the other until one comes that the compromised key did not sign. */
async function firstOfReplacement(): Promise<void> {
  for (let key = await issueOne(); key === undefined || key === compromisedKey; key = await issueOne());
}

async function timed<T>(act: () => Promise<T>): Promise<Timed<T>> {
  const startedAt = performance.now();
  const value = await act();
  return { value, ms: performance.now() - startedAt };
}

interface Timed<T> {
  readonly value: T;
  readonly ms: number;
}

function report({
  planned,
  declared,
  first,
}: Record<'planned' | 'declared', Timed<CompromiseJson>> & { first: Timed<void> }): void {
  const result = {
    certificates: Number(values.certificates),
    dryRunMs: planned.ms,
    firstOfReplacementMs: first.ms,
    wholeMs: declared.ms,
    replaced: declared.value.replaced,
  };
  if (values.json) return void process.stdout.write(`${JSON.stringify({ machine: describeMachine(), ...result })}\n`);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  const rows = [
    ['a dry run', seconds(result.dryRunMs)],
    ['the first certificate of the replacement', seconds(result.firstOfReplacementMs)],
    ['revoked, published, replaced, and a campaign started', seconds(result.wholeMs)],
  ] as const;
  process.stdout.write(
    `${machineLine(describeMachine())}\n${thousands(result.certificates)} certificates of the compromised authority\n\n${formatTable(['after the command', 'time'], rows)}\n`,
  );
}
