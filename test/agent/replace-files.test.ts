/** Plain files for programs that cannot follow links: never half written, and brought to their end after a crash. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { itWith, run } from '../support/judges.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

function plainAgent(outputs: Readonly<Record<string, object>>) {
  const { path } = temporaryFolder();
  const files = { folder: 'tls', mode: 'replace', outputs };
  const agent = rotatingAgent(service, path, { files });
  const file = (name: string): string => join(path, 'tls', name);
  return { agent, files, file, read: (name: string) => readFileSync(file(name), 'utf8') };
}

const fits = (keyPem: string, certPem: string): boolean =>
  new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem));

it('writes what was asked for, under the names and with the modes that were asked for', async () => {
  const { agent, file, read } = plainAgent({
    'key.pem': { name: 'tls.key', mode: '0640' },
    'fullchain.pem': { name: 'tls.crt' },
    'combined.pem': {},
  });
  await agent.turn();
  expect(readdirSync(agent.files).toSorted()).toEqual(['.privyseal', 'combined.pem', 'tls.crt', 'tls.key']);
  expect(['tls.key', 'tls.crt', 'combined.pem'].map((name) => statSync(file(name)).mode & 0o777)).toEqual([
    0o640, 0o644, 0o600,
  ]);
  expect([fits(read('tls.key'), read('tls.crt')), lstatSync(file('tls.key')).isSymbolicLink()]).toEqual([true, false]);
  expect(read('combined.pem')).toBe(read('tls.key') + read('tls.crt'));
});

it('replaces all of them when it rotates, and leaves those alone that stay the same', async () => {
  const { agent, file, read } = plainAgent({ 'key.pem': {}, 'cert.pem': {}, 'trust.pem': {} });
  await agent.turn();
  const before = [read('key.pem'), statSync(file('trust.pem')).ino];
  await agent.turn({ force: true });
  expect(read('key.pem')).not.toBe(before[0]);
  expect([fits(read('key.pem'), read('cert.pem')), statSync(file('trust.pem')).ino]).toEqual([true, before[1]]);
});

it('goes back to the files before when the program does not take the new ones', async () => {
  const { agent, files, read } = plainAgent({ 'key.pem': {}, 'cert.pem': {} });
  await agent.turn();
  const before = [read('key.pem'), read('cert.pem')];
  agent.rewrite({ files, reload: { action: 'exec', command: ['/bin/false'] } });
  expect((await agent.turn({ force: true })).code).toBe('reloadFailed');
  expect([read('key.pem'), read('cert.pem')]).toEqual(before);
});

it('finishes what a crash cut short, and mends what somebody broke', async () => {
  const { agent, file, read } = plainAgent({ 'key.pem': {}, 'cert.pem': {}, 'crl.pem': {} });
  await agent.turn();
  writeFileSync(file('key.pem'), 'half of a k');
  rmSync(file('crl.pem'));
  expect((await agent.turn()).act).toBe('unchanged');
  expect([fits(read('key.pem'), read('cert.pem')), read('crl.pem')]).toEqual([true, expect.stringContaining('CRL')]);
});

it('removes what is asked for no more, but not what somebody has changed since, nor before the program has taken the rest', async () => {
  const { agent, files, file, read } = plainAgent({
    'key.pem': {},
    'cert.pem': {},
    'combined.pem': {},
    'trust.pem': {},
  });
  await agent.turn();
  writeFileSync(file('trust.pem'), 'roots of my own');
  const fewer = { ...files, outputs: { 'key.pem': { name: 'tls.key' }, 'cert.pem': {} } };
  agent.rewrite({ files: fewer, reload: { action: 'exec', command: ['/bin/false'] } });
  expect((await agent.turn()).code).toBe('reloadFailed');
  expect([existsSync(file('key.pem')), existsSync(file('combined.pem'))]).toEqual([true, true]);
  agent.rewrite({ files: fewer });
  expect((await agent.turn()).act).toBe('refreshed');
  expect(readdirSync(agent.files).toSorted()).toEqual(['.privyseal', 'cert.pem', 'tls.key', 'trust.pem']);
  expect([fits(read('tls.key'), read('cert.pem')), read('trust.pem')]).toEqual([true, 'roots of my own']);
});

it('takes over other names and modes when the file changes', async () => {
  const { agent, read } = plainAgent({ 'key.pem': {} });
  await agent.turn();
  agent.rewrite({
    files: { folder: 'tls', mode: 'replace', outputs: { 'key.pem': {}, 'cert.pem': { name: 'c.pem' } } },
  });
  const detail = expect.stringContaining('with its files as they are asked for now');
  expect(await agent.turn()).toMatchObject({ act: 'refreshed', detail });
  expect(fits(read('key.pem'), read('c.pem'))).toBe(true);
});

itWith('openssl', 'keeps the password of the stores from set to set', async () => {
  const { agent, file, read } = plainAgent({ 'keystore.p12': {}, 'truststore.p12': {}, 'store-password': {} });
  await agent.turn();
  const password = read('store-password');
  await agent.turn({ force: true });
  expect(read('store-password')).toBe(password);
  for (const [store, count] of [
    ['keystore.p12', 2],
    ['truststore.p12', 1],
  ] as const) {
    const read = ['pkcs12', '-in', file(store), '-passin', `file:${file('store-password')}`, '-nodes'];
    const { code, stdout } = await run('openssl', read);
    expect([code, stdout.toString().match(/BEGIN CERTIFICATE/g)?.length]).toEqual([0, count]);
  }
});

it('takes an output that is asked for later, and goes back to a set that has none of it', async () => {
  const { path, write } = temporaryFolder();
  const reload = { action: 'exec', command: ['/bin/sh', '-c', 'exit "$(cat "$0/code")"', path] };
  const files = { folder: 'tls', mode: 'replace', outputs: { 'key.pem': {}, 'fullchain.pem': {} } };
  const target = { reload, files };
  const agent = rotatingAgent(service, path, target);
  write('code', '0');
  await agent.turn();
  const key = readFileSync(join(path, 'tls/key.pem'), 'utf8');
  const more = { ...target, files: { ...files, outputs: { ...files.outputs, 'combined.pem': {} } } };
  agent.rewrite(more);
  write('code', '1');
  expect(await agent.turn({ force: true })).toMatchObject({ act: 'failed', code: 'reloadFailed' });
  expect(readFileSync(join(path, 'tls/key.pem'), 'utf8')).toBe(key);
  write('code', '0');
  expect(await agent.turn()).toMatchObject({ act: 'activated' });
  const [newKey, combined] = ['key.pem', 'combined.pem'].map((name) => readFileSync(join(path, 'tls', name), 'utf8'));
  expect([newKey === key, combined!.startsWith(newKey!)]).toEqual([false, true]);
});
