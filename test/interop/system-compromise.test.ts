/** The key of `system` is in other hands: what it signs for its thief lets nobody in, and who belongs in gets in again. */
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemRandomness } from '../../src/adapters/system-randomness.ts';
import { openFileVault } from '../../src/adapters/vault-file/vault-file.ts';
import type { CompromiseJson, RotationJson } from '../../src/api/authority-rotation.ts';
import { decodePem, encodePem } from '../../src/domain/der/pem.ts';
import { parseCertificate } from '../../src/domain/x509/certificate.ts';
import { assembleSigned } from '../../src/domain/x509/signed.ts';
import { commandLine } from '../support/command-line.ts';
import type { Exchange } from '../support/http-exchange.ts';
import { runProgram } from '../support/program-run.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { makeSigningKey } from '../support/signing-key.ts';
import { suiteFolder } from '../support/suite-folder.ts';
import { makeTestCertificate, type TestCertificate } from '../support/test-hierarchy.ts';

const folder = suiteFolder();
const home = folder('data');
let service: RunningService;
beforeAll(async () => {
  service = await startService({ home, readyWithinMs: 100_000 });
}, 120_000);
afterAll(() => service?.dispose());

const anew = () => ({ agent: new Agent({ keepAlive: false, maxCachedSessions: 0 }) });

/** The status, or that there was no connection. */
const knocks = (answer: Promise<Exchange>): Promise<number | 'refused'> =>
  answer.then(
    ({ status }) => status,
    () => 'refused',
  );

/** An operator's certificate for `admin`, as the thief of the key makes it: all is right with it but that nobody issued it. */
async function forged(): Promise<{ readonly cert: string; readonly key: string }> {
  const system = parseCertificate(decodePem(service.read('trust/system.pem'), 'CERTIFICATE'));
  const passphrase = service.read('vault/passphrase').trim();
  const vault = await openFileVault({ directory: service.path('vault'), passphrase, randomness: systemRandomness });
  const { name } = (await vault.listKeys()).find(
    ({ publicKeyDer }) => Buffer.compare(publicKeyDer, system.spkiDer) === 0,
  )!;
  const key = makeSigningKey();
  const now = Math.floor(Date.now() / 1000);
  const issuer: TestCertificate = {
    ...makeTestCertificate({ now, keyUsage: ['keyCertSign'] }),
    subjectDer: system.subject.der,
    subjectKeyIdentifier: system.subjectKeyIdentifier!,
  };
  const usages = { keyUsage: ['digitalSignature'], extKeyUsage: ['clientAuth'] } as const;
  const { tbs } = makeTestCertificate({ now, issuer, key, commonName: 'admin', ...usages });
  const signer = await vault.signer(name, system.signatureAlgorithm);
  const cert = encodePem('CERTIFICATE', assembleSigned(tbs, signer.algorithm, await signer.sign(tbs)));
  await vault.close();
  return { cert, key: String(key.privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

const privyseal = (...argv: string[]) =>
  commandLine([...argv, '--home', home, '--url', service.urls.public, '--admin-url', service.urls.admin], {
    now: Date.now(),
    cwd: folder('.'),
  });

it('locks the thief out, and lets operators and agents in again', async () => {
  const oldTrust = service.read('trust/system.pem');
  const thief = await forged();
  const trustFile = join(folder('.'), 'system.pem');
  writeFileSync(trustFile, oldTrust);
  const agent = rotatingAgent(
    { ...service, path: (name) => (name === 'trust/system.pem' ? trustFile : service.path(name)) },
    folder('agent'),
  );
  expect((await agent.turn()).act).toBe('enrolled');
  expect(await knocks(service.admin('/v1/status', { ...thief, ...anew() }))).toBe(403);

  const why = ['--reason', 'the key was found in a log'];
  const planned = await privyseal('--json', 'authority', 'compromise', 'system', ...why, '--dry-run');
  expect(JSON.parse(planned.stdout) as CompromiseJson).toMatchObject({
    replaced: [{ from: 'system', to: 'system.2' }],
    operators: ['admin'],
    products: [],
  });
  const declared = await privyseal('authority', 'compromise', 'system', ...why);
  expect([declared.code, declared.stdout]).toEqual([0, expect.stringContaining('operator recover')]);

  // The servers show the new key within seconds, and nothing that the old one signed vouches for it.
  const withOldTrust = () => knocks(service.admin('/v1/status', { ca: oldTrust, ...anew() }));
  await expect.poll(withOldTrust, { timeout: 60_000, interval: 300 }).toBe('refused');
  const newTrust = service.read('trust/system.pem');
  expect(newTrust.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  expect(await knocks(service.admin('/v1/status', { ...anew() }))).toBe(200);
  expect(await knocks(service.admin('/v1/status', { ...thief, ...anew() }))).toBe(403);

  expect((await agent.turn({ force: true })).act).toBe('failed');
  writeFileSync(trustFile, newTrust);
  expect((await agent.turn({ force: true })).act).toBe('rotated');

  // The old certificate is still known byte for byte, so it can ask for the next one.
  expect(await privyseal('authority', 'rotate', 'advance', 'system')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('operator admin'),
  });
  expect(await privyseal('operator', 'renew', '--out', folder('renewed'))).toMatchObject({ code: 0 });
}, 300_000);

it('ends with the old key destroyed, and break-glass for who did not renew in time', async () => {
  const path = '/v1/authorities/system/rotation/advance';
  const body = JSON.stringify({ force: 'nobody else has a certificate' });
  const headers = { 'content-type': 'application/json' };
  const step = async () => {
    const answer = await service.admin(path, { method: 'POST', headers, body, ...anew() });
    return (JSON.parse(answer.body.toString()) as Partial<RotationJson>).state;
  };
  await expect.poll(step, { timeout: 60_000, interval: 300 }).toBe('retired');
  const late = { cert: service.read('admin/admin.crt'), key: service.read('admin/admin.key') };
  const isOut = () => knocks(service.admin('/v1/status', { ...late, ...anew() }));
  await expect.poll(isOut, { timeout: 60_000, interval: 300 }).not.toBe(200);

  await service.stop();
  const recovered = await runProgram(home, ['operator', 'recover', 'admin']);
  expect(recovered.code).toBe(0);
  service = await startService({ home, ports: service.ports, readyWithinMs: 100_000 });
  expect(await knocks(service.admin('/v1/status', anew()))).toBe(200);
  expect(await privyseal('audit', 'verify')).toMatchObject({ code: 0 });
}, 300_000);
