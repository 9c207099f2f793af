/** kill -9 under load, again and again: nothing acknowledged may be lost, nothing signed unrecorded. From the shell with `--rounds N`. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openSqliteInventory } from '../../src/adapters/inventory-sqlite/inventory-sqlite.ts';
import { decodePem } from '../../src/domain/der/pem.ts';
import { auditChainHash, auditGenesisHash, canonicalAuditEvent } from '../../src/domain/records/audit-event.ts';
import { parseTbsCertificate } from '../../src/domain/x509/certificate.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { makeKeyRequest } from '../support/key-request.ts';
import { signedFileVariable } from '../support/recording-service.ts';
import { projectFolder, type RunningService, startService, temporaryFolder } from '../support/running-service.ts';
import { submit } from '../support/submit.ts';

export interface DrillPlan {
  readonly rounds: number;
  readonly connections?: number;
  /** The kill comes at a random moment of this span after the load began. */
  readonly loadMs?: number;
  onRound?(round: number, report: DrillReport): void;
}

export interface DrillReport {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly signed: number;
  /** Intents that a crash left and the next start closed. */
  readonly closed: number;
  readonly auditEvents: number;
  /** A sentence for each thing that must not be; empty when all is well. */
  readonly violations: readonly string[];
}

interface Drill {
  readonly home: string;
  readonly signedFile: string;
  readonly csrs: readonly Uint8Array[];
  /** DER, base64, by serial: what the clients were told. */
  readonly acknowledged: Map<string, string>;
  /** Those of the latest round: each start checks them, the last one checks all. */
  latest: Map<string, string>;
  readonly violations: string[];
  /** Where the audit chain was verified to. */
  chain: { seq: number; hash: string };
  closed: number;
  signed: number;
}

/** How long after a start an intent of the run before may still be open. */
const recoveredWithinMs = 5_000;

export async function crashDrill(plan: DrillPlan): Promise<DrillReport> {
  const folder = temporaryFolder();
  const drill: Drill = {
    home: join(folder, 'data'),
    signedFile: join(folder, 'signed'),
    csrs: Array.from({ length: 64 }, () => makeKeyRequest().csrDer),
    acknowledged: new Map(),
    latest: new Map(),
    violations: [],
    chain: { seq: 0, hash: auditGenesisHash },
    closed: 0,
    signed: 0,
  };
  writeFileSync(drill.signedFile, '');
  let ports: RunningService['ports'] | undefined;
  try {
    for (let round = 1; round <= plan.rounds; round++) {
      const service = await startRecording(drill, ports);
      ports = service.ports;
      await checkRecovered(drill, round);
      await loadUntilKilled(drill, service, plan);
      plan.onRound?.(round, reportOf(drill, round));
    }
    const last = await startRecording(drill, ports);
    drill.latest = drill.acknowledged;
    await checkRecovered(drill, plan.rounds + 1);
    await last.kill9();
    return reportOf(drill, plan.rounds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const startRecording = (drill: Drill, ports: RunningService['ports'] | undefined): Promise<RunningService> =>
  startService({
    home: drill.home,
    ...(ports && { ports }),
    program: [join(projectFolder, 'test/support/recording-service.ts')],
    env: {
      [signedFileVariable]: drill.signedFile,
      PRIVYSEAL_LOG_LEVEL: 'error',
      // As bin/privyseal.js does it for users: the compiled code is kept between starts.
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
    },
  });

const reportOf = (drill: Drill, rounds: number): DrillReport => ({
  rounds,
  acknowledged: drill.acknowledged.size,
  signed: drill.signed,
  closed: drill.closed,
  auditEvents: drill.chain.seq,
  violations: drill.violations,
});

async function loadUntilKilled(drill: Drill, service: RunningService, plan: DrillPlan): Promise<void> {
  const { connections = 8, loadMs = 600 } = plan;
  let killed = false;
  drill.latest = new Map();
  const clients = Array.from({ length: connections }, async (_, client) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let sent = client; !killed; sent += connections) {
      const csrDer = drill.csrs[sent % drill.csrs.length];
      // A request that dies with the service was not acknowledged: that is what this drill is about.
      const answer = await submit(service, { agent }, csrDer).catch(() => undefined);
      if (answer?.serial === undefined) continue;
      drill.latest.set(answer.serial, base64(decodePem(answer.certificate ?? '', 'CERTIFICATE')));
    }
    agent.destroy();
  });
  await pause(Math.random() * loadMs);
  await service.kill9();
  killed = true;
  await Promise.all(clients);
  for (const [serial, der] of drill.latest) drill.acknowledged.set(serial, der);
}

/** What must hold once a start has recovered; the inventory is read beside the running service. */
async function checkRecovered(drill: Drill, round: number): Promise<void> {
  const inventory = await openSqliteInventory({
    file: join(drill.home, 'privyseal.db'),
    migrationsDirectory: join(projectFolder, 'migrations/sqlite'),
  });
  const complain = (sentence: string): void => {
    drill.violations.push(`before round ${round}: ${sentence}`);
  };
  try {
    await checkIntents(inventory, complain);
    await checkAcknowledged(inventory, drill, complain);
    await checkSigned(inventory, drill, complain);
    await checkChain(inventory, drill, complain);
  } finally {
    await inventory.close();
  }
}

type Complain = (sentence: string) => void;

async function checkIntents(inventory: Inventory, complain: Complain): Promise<void> {
  const until = performance.now() + recoveredWithinMs;
  let open = await inventory.unfinishedIntents(Date.now());
  while (open.length > 0 && performance.now() < until) {
    await pause(100);
    open = await inventory.unfinishedIntents(Date.now());
  }
  if (open.length > 0) complain(`${open.length} intents are still open ${recoveredWithinMs} ms after the start`);
}

async function checkAcknowledged(inventory: Inventory, drill: Drill, complain: Complain): Promise<void> {
  for (const [serial, der] of drill.latest) {
    const record = await inventory.certificate(serial);
    const recorded = await inventory.certificateDer(serial);
    if (record?.state !== 'issued') complain(`${serial} was acknowledged, but is ${record?.state ?? 'lost'}`);
    if (!recorded || base64(recorded) !== der) complain(`${serial} was acknowledged with another DER`);
  }
}

/** Certificates only: CRLs and OCSP answers are signed as well, and are no serial of ours. */
async function checkSigned(inventory: Inventory, drill: Drill, complain: Complain): Promise<void> {
  const lines = readFileSync(drill.signedFile, 'utf8').split('\n');
  writeFileSync(drill.signedFile, '');
  for (const line of lines) {
    const serial = line === '' ? undefined : serialOf(Buffer.from(line, 'base64'));
    if (serial === undefined) continue;
    drill.signed += 1;
    const record = await inventory.certificate(serial);
    if (!record) complain(`${serial} was signed, but is not recorded`);
    else if (record.state === 'revoked') drill.closed += 1;
  }
}

function serialOf(tbs: Uint8Array): string | undefined {
  try {
    return parseTbsCertificate(tbs).serial;
  } catch {
    return undefined;
  }
}

async function checkChain(inventory: Inventory, drill: Drill, complain: Complain): Promise<void> {
  for (;;) {
    const events = await inventory.auditEvents(drill.chain.seq, 1000);
    for (const { seq, previousHash, hash, ...entry } of events) {
      const { seq: last, hash: lastHash } = drill.chain;
      const expected = auditChainHash(lastHash, canonicalAuditEvent(seq, entry));
      if (seq !== last + 1 || previousHash !== lastHash || hash !== expected)
        complain(`audit event ${seq} breaks the chain`);
      drill.chain = { seq, hash };
    }
    if (events.length < 1000) return;
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

if (import.meta.main) {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '50' } } });
  const startedAt = performance.now();
  const report = await crashDrill({
    rounds: Number(values.rounds),
    onRound(round, { acknowledged, closed, violations }) {
      const perRound = (performance.now() - startedAt) / 1000 / round;
      process.stderr.write(
        `round ${round}: ${acknowledged} acknowledged, ${closed} closed, ${violations.length} violations, ${perRound.toFixed(2)} s a round\n`,
      );
    },
  });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.violations.length > 0 ? 1 : 0;
}
