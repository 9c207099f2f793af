/** kill -9 at any moment: the files in use are whole and fit, the next turn finishes, and no certificate is issued twice. */
import { spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyPem, makeLocalKey } from '#src/client/local-key.ts';
import { itWith, run } from '../support/judges.ts';
import { type RotatingAgent, rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** More, for a longer look, by PRIVYSEAL_TEST_ROTATIONS. */
const wantedRotations = Number(process.env.PRIVYSEAL_TEST_ROTATIONS ?? 3);
const longestMs = 30_000 + wantedRotations * 60_000;

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

const source = new URL('../../src/agent/rotate.ts', import.meta.url).href;

/** Rotates without end, and says when it begins. */
const rotating = (file: string): string => `
  import { writeSync } from 'node:fs';
  import { rotateOnce } from '${source}';
  const { signal } = new AbortController();
  const world = { now: Date.now, random: Math.random, signal, log: () => {} };
  writeSync(1, 'begins\\n');
  for (;;) {
    const [report] = await rotateOnce({ file: '${file}', targets: [], force: true, dryRun: false }, world);
    if (report.act === 'failed') writeSync(1, report.code + ': ' + report.detail + '\\n');
  }
`;

/** What it said of failures before it was killed, so many milliseconds after it began. */
function killedAgent(file: string, afterMs: number): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', rotating(file)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
    said += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  return new Promise((done) => child.once('close', () => done(said.replace('begins\n', ''))));
}

/**
 * Kills agents until enough rotations were seen. They live longer while nothing comes of it, and shorter once it does, so
 * that on a machine of any speed most die in the middle of something.
 */
async function killMany(agent: RotatingAgent, look: () => Promise<void> | void): Promise<void> {
  let rotations = 0;
  let longestLifeMs = 400;
  let known: string | undefined;
  while (rotations < wantedRotations) {
    expect(await killedAgent(agent.file, (0.2 + 0.8 * Math.random()) * longestLifeMs)).toBe('');
    const serial = (await agent.status()).serial ?? undefined;
    longestLifeMs *= serial === known ? 1.4 : 0.7;
    if (serial !== known) rotations += 1;
    known = serial;
    if (known !== undefined) await look();
  }
}

const fits = (keyPem: string, certPem: string): boolean =>
  new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem));

/** Every certificate of the product, as the inventory has it. */
async function issued(): Promise<readonly { serial: string; predecessor: string | null }[]> {
  const { body } = await service.admin('/v1/certificates?product=dev/demo&limit=1000');
  return JSON.parse(body.toString()).items;
}

/** The certificate in use and all those before it, back to its enrolment. */
function lineage(all: Awaited<ReturnType<typeof issued>>, serial: string): string[] {
  const found = all.find((certificate) => certificate.serial === serial);
  return found ? [serial, ...(found.predecessor === null ? [] : lineage(all, found.predecessor))] : [];
}

async function expectNothingTwice(agent: RotatingAgent, issuedBefore: readonly string[]): Promise<void> {
  const all = await issued();
  const { serial } = await agent.status();
  const own = all.map((certificate) => certificate.serial).filter((one) => !issuedBefore.includes(one));
  expect(lineage(all, serial!).toSorted()).toEqual(own.toSorted());
  expect(own.length).toBeGreaterThan(2);
}

const serials = async (): Promise<string[]> => (await issued()).map(({ serial }) => serial);

it('a crash after the answer was kept leaves no request behind, by whose key a later one would be made', async () => {
  const agent = rotatingAgent(service, temporaryFolder().path);
  await agent.turn();
  const own = join(agent.files, '.privyseal');
  const waiting = (keyPem: string): void => {
    mkdirSync(join(own, 'pending-rotate'), { recursive: true });
    writeFileSync(join(own, 'pending-rotate', 'key.pem'), keyPem);
    writeFileSync(join(own, 'pending-rotate', 'request.json'), '{"kind":"rotate"}');
  };
  waiting(keyPem(await makeLocalKey('ec-p256')));
  expect((await agent.turn()).act).toBe('unchanged');
  expect(readdirSync(own)).toEqual(['lock', 'pending-rotate']);
  waiting(agent.read('key.pem'));
  expect((await agent.turn()).act).toBe('unchanged');
  expect(readdirSync(own)).toEqual(['lock']);
});

describe('an agent that is killed again and again', () => {
  it('leaves whole sets whose keys fit, behind one link', { timeout: longestMs }, async () => {
    const files = { folder: 'tls', outputs: { 'key.pem': {}, 'fullchain.pem': {}, 'crl.pem': {} } };
    const agent = rotatingAgent(service, temporaryFolder().path, { files });
    const before = await serials();
    await killMany(agent, () => {
      expect(fits(agent.read('key.pem'), agent.read('fullchain.pem'))).toBe(true);
      expect(agent.read('crl.pem').match(/-----END X509 CRL-----\n/g)).toHaveLength(2);
      for (const set of agent.sets()) {
        const read = (name: string) => readFileSync(join(agent.files, 'sets', set, name), 'utf8');
        expect([set, fits(read('key.pem'), read('cert.pem'))]).toEqual([set, true]);
      }
    });
    const last = await agent.turn();
    expect([last.code, last.status.staged, last.status.failures]).toEqual([undefined, null, 0]);
    expect(readdirSync(join(agent.files, '.privyseal'))).toEqual(['lock']);
    await expectNothingTwice(agent, before);
  });

  itWith(
    'openssl',
    'leaves whole files in place of files, and pairs that fit after its next turn',
    async () => {
      const outputs = { 'key.pem': {}, 'cert.pem': {}, 'combined.pem': {}, 'keystore.p12': {}, 'store-password': {} };
      const files = { folder: 'tls', mode: 'replace', outputs };
      const agent = rotatingAgent(service, temporaryFolder().path, { files });
      const before = await serials();
      const file = (name: string): string => join(agent.files, name);
      const read = (name: string): string => readFileSync(file(name), 'utf8');
      await killMany(agent, async () => {
        // One file each, so that they fit at any moment; the others are whole, of this generation or the one before.
        expect(fits(read('combined.pem'), read('combined.pem').replace(/^[\s\S]*?(?=-----BEGIN CERT)/, ''))).toBe(true);
        const store = [
          'pkcs12',
          '-in',
          file('keystore.p12'),
          '-passin',
          `file:${file('store-password')}`,
          '-nodes',
          '-noout',
        ];
        expect((await run('openssl', store)).code).toBe(0);
        expect(() => [createPrivateKey(read('key.pem')), new X509Certificate(read('cert.pem'))]).not.toThrow();
      });
      const last = await agent.turn();
      expect([last.code, last.status.staged]).toEqual([undefined, null]);
      expect(fits(read('key.pem'), read('cert.pem'))).toBe(true);
      expect(read('combined.pem')).toContain(read('cert.pem'));
      await expectNothingTwice(agent, before);
    },
    longestMs,
  );

  it('finishes what it had switched to before it could tell the program', async () => {
    const { path, write } = temporaryFolder();
    write('told', '');
    const slow = 'echo $$ >"$0/pid"; readlink "$PRIVYSEAL_FILES" >>"$0/told"; exec sleep 600';
    const target = { reload: { action: 'exec', command: ['/bin/sh', '-c', slow, path], timeoutSeconds: 900 } };
    const agent = rotatingAgent(service, path, target);
    const child = spawn(process.execPath, ['--input-type=module', '-e', rotating(agent.file)], { stdio: 'ignore' });
    const told = (): string => readFileSync(join(path, 'told'), 'utf8');
    while (told() === '') await pause(50);
    const ended = new Promise((done) => child.once('close', done));
    child.kill('SIGKILL');
    await ended;
    process.kill(Number(readFileSync(join(path, 'pid'), 'utf8')), 'SIGKILL');
    const { staged } = await agent.status();
    expect([agent.inUse(), told()]).toEqual([`sets/${staged!.set}`, `sets/${staged!.set}\n`]);
    agent.rewrite({ reload: { action: 'exec', command: ['/bin/sh', '-c', slow.replace('sleep 600', 'true'), path] } });
    expect((await agent.turn()).act).toBe('activated');
    expect([told().split('\n').length, (await agent.status()).staged]).toEqual([3, null]);
  });
});
