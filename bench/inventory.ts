/** A million certificates of a thousand products: what every question costs beside a look-up by serial, and an export beside issuing. */
import { createReadStream } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { askAdmin } from './ask-admin.ts';
import { questionsAbout } from './inventory-questions.ts';
import { fillInventory, readSamples } from './inventory-rows.ts';
import { httpRequest, type LoadResult, runLoad } from './load.ts';
import { type MeasuredServer, makeBenchHome, serveHome } from './measured-server.ts';
import { makeSignedRequests } from './signed-requests.ts';
import { describeMachine, formatTable, machineLine, thousands } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    certificates: { type: 'string', default: '1000000' },
    products: { type: 'string', default: '1000' },
    /** Of each question. */
    seconds: { type: 'string', default: '2' },
    /** Only questions whose name holds this. */
    only: { type: 'string', default: '' },
    folder: { type: 'string', default: tmpdir() },
    /** A home that an earlier run with `--keep` has filled and named. */
    home: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const durationMs = Number(values.seconds) * 1_000;
const issuingMs = 10_000;

const home = values.home ?? (await makeBenchHome(values.folder));
const file = join(home, 'privyseal.db');
const filling =
  values.home === undefined
    ? await fillInventory({
        file,
        migrationsDirectory: resolve(import.meta.dirname, '../migrations/sqlite'),
        certificates: Number(values.certificates),
        products: Number(values.products),
      })
    : null;
const samples = readSamples(file);
await useOnce(home);
const server = await serveHome(home);
// By then it has given back what its start alone needed (adapters/threads/give-start-back.ts).
await pause(6_000);
// First, so that its memory is its own.
const exported = await exportAll(server);
const { rssMib } = await server.measure();
const pathsOfLookup = samples.map(({ serial }) => `/v1/certificates/${serial}`);
const lookup = await askInMemory(server, pathsOfLookup);
const rows: [question: string, LoadResult][] = [];
for (const [question, paths] of Object.entries(questionsAbout(samples))) {
  if (question.includes(values.only)) rows.push([question, await askInMemory(server, paths)]);
}
const issuing = await measureIssuing(server);
await server.stop({ keepHome: values.keep || values.home !== undefined });

/** Compiled code is kept from the first use on; without it, threads load what strips types, which no later start does. */
async function useOnce(used: string): Promise<void> {
  const first = await serveHome(used);
  await askAdmin(first, 'GET', '/v1/certificates?limit=1');
  await first.stop({ keepHome: true });
}

/**
 * A service that runs has what it is asked about in the kernel's cache. The filling leaves half of it there, and the host of a
 * virtual machine may take back what was not read for half a minute, however much memory is free: so it is read before each question.
 */
async function askInMemory(asked: MeasuredServer, paths: readonly string[]): Promise<LoadResult> {
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), async (chunks) => {
    for await (const _ of chunks);
  });
  return ask(asked, paths);
}

/** One connection, as fast as it is answered. */
function ask({ adminPort, ca, admin }: MeasuredServer, paths: readonly string[]): Promise<LoadResult> {
  return runLoad({
    port: adminPort,
    ca,
    client: admin,
    connections: 1,
    // What it takes until all that a question needs has been compiled.
    warmUpMs: 1_500,
    durationMs,
    expectedStatus: 200,
    requests: paths.map((path) => httpRequest('GET', path, {}).toString('base64')),
  });
}

/** Reads all certificates as NDJSON; resolves to how many a second. */
function exportAll({ adminPort, ca, admin }: MeasuredServer): Promise<number> {
  return new Promise((done, failed) => {
    const startedAt = performance.now();
    const options = { port: adminPort, host: 'localhost', path: '/v1/certificates', ca, ...admin };
    const asked = httpsRequest({ ...options, headers: { Accept: 'application/x-ndjson' } }, (answer) => {
      let lines = 0;
      answer.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
      });
      answer.on('error', failed);
      answer.on('end', () => {
        if (answer.statusCode !== 200 || lines < Number(values.certificates))
          failed(new Error(`an export of ${lines} lines with status ${answer.statusCode}`));
        else done(lines / ((performance.now() - startedAt) / 1_000));
      });
    });
    asked.on('error', failed).end();
  });
}

/** Certificates a second alone, beside an export, and alone again: machines drift. */
async function measureIssuing(measured: MeasuredServer): Promise<{ alone: number; besideExport: number }> {
  const requests = makeSignedRequests(4_096, 'demo.dev.internal');
  const headers = { Authorization: `Bearer ${measured.token}`, 'Content-Type': 'application/pkcs10' };
  const issue = async (): Promise<number> => {
    const { perSecond, failures } = await runLoad({
      port: measured.publicPort,
      ca: measured.ca,
      connections: 16,
      warmUpMs: 4_000,
      durationMs: issuingMs,
      expectedStatus: 201,
      requests: requests.map(({ csrDer }) =>
        httpRequest('POST', '/v1/certificates', headers, csrDer).toString('base64'),
      ),
    });
    if (failures > 0) throw new Error(`${failures} requests failed`);
    return perSecond;
  };
  const before = await issue();
  let stopped = false;
  const exporting = (async () => {
    while (!stopped) await exportAll(measured);
  })();
  const besideExport = await issue();
  stopped = true;
  await exporting;
  return { alone: (before + (await issue())) / 2, besideExport };
}

const machine = describeMachine();
if (values.json) {
  const questions = Object.fromEntries(rows);
  process.stdout.write(
    `${JSON.stringify({ machine, filling, lookup, questions, exported, rssMib, issuing }, null, 2)}\n`,
  );
} else {
  const cells = [['a look-up by serial', lookup] as const, ...rows].map(([question, { p50Ms, p99Ms, failures }]) => [
    question,
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    (p50Ms / lookup.p50Ms).toFixed(1),
    (p99Ms / lookup.p99Ms).toFixed(1),
    failures,
  ]);
  const filled =
    filling === null
      ? `The home ${home} as it was`
      : `Filled with ${thousands(filling.certificatesPerSecond)} certificates/s (${thousands(filling.rowsPerSecond)} rows/s, aim 20,000), ` +
        `${thousands(filling.processorMicroseconds)} us of processor time each; caught up in ${filling.catchUpSeconds.toFixed(1)} s; ${thousands(filling.octetsPerCertificate)} octets a certificate`;
  const text = [
    `The inventory with ${thousands(Number(values.certificates))} certificates of ${thousands(Number(values.products))} products`,
    machineLine(machine),
    filled,
    `Pages of 100 over one TLS connection, ${values.seconds} s each, of a file that the kernel has in memory; aims: p99 20 ms and 10 times the look-up, summary 50 ms`,
    '',
    formatTable(['question', 'p50 ms', 'p99 ms', 'p50 ratio', 'p99 ratio', 'failures'], cells),
    '',
    `Export of all as NDJSON: ${thousands(exported)} certificates/s, server RSS ${rssMib.toFixed(0)} MiB after it (aims: 100,000/s, 150 MB)`,
    `Issuing over 16 connections: ${thousands(issuing.alone)}/s alone, ${thousands(issuing.besideExport)}/s beside an export, ${((issuing.besideExport / issuing.alone) * 100).toFixed(0)} % (aim: 80 %)`,
  ];
  if (values.keep) text.push(`Kept: --home ${home}`);
  process.stdout.write(`${text.join('\n')}\n`);
}
process.exitCode = rows.some(([, { failures }]) => failures > 0) ? 1 : 0;
