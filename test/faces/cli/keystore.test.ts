import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { keyPem } from '../../support/face-tls.ts';
import { itWith, run } from '../../support/judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeTestHierarchy } from '../../support/test-hierarchy.ts';

const { leaf, issuing, root } = makeTestHierarchy();

const notACertificate = '-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n';

/** As `request` leaves it. */
function requested(override: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder().path;
  const files = { 'key.pem': keyPem(leaf), 'cert.pem': leaf.pem, 'chain.pem': issuing.pem, 'trust.pem': root.pem };
  for (const [name, content] of Object.entries({ ...files, ...override })) writeFileSync(join(folder, name), content);
  return folder;
}

const stores = ['keystore.p12', 'store-password', 'truststore.p12'];
const storesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !name.endsWith('.pem'))
    .toSorted();

describe('privyseal keystore', () => {
  it('writes both stores and a password that nobody else may read', async () => {
    const folder = requested();
    const { code, stdout } = await commandLine(['keystore', '.'], { cwd: folder });
    expect([code, storesIn(folder)]).toEqual([0, stores]);
    const modes = stores.map((name) => statSync(join(folder, name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o644]);
    expect(stdout).not.toContain(readFileSync(join(folder, 'store-password'), 'utf8'));
  });

  it('shows lines that Spring Boot and Kafka start with: each reads the password from its file', async () => {
    const folder = requested();
    const { stdout } = await commandLine(['keystore', folder]);
    expect(stdout).toContain(`spring.config.import=configtree:${folder}/\n`);
    expect(stdout.match(/(?:key|trust)-store-password=\$\{store-password\}/g)).toHaveLength(2);
    expect(stdout.split(`.password=\${dir:${folder}:store-password}\n`)).toHaveLength(3);
  });

  it('never overwrites, and leaves nothing behind when it stops', async () => {
    const folder = requested({ 'truststore.p12': 'mine' });
    const { code } = await commandLine(['keystore', folder]);
    expect([code, storesIn(folder)]).toEqual([8, ['truststore.p12']]);
    expect(readFileSync(join(folder, 'truststore.p12'), 'utf8')).toBe('mine');
  });

  it('takes a password from a file, and only one that every program spells alike', async () => {
    const folder = requested();
    writeFileSync(join(folder, 'good.txt'), 'open sesame\n');
    writeFileSync(join(folder, 'bad.txt'), 'pässword');
    const bad = await commandLine(['keystore', '.', '--password-file', 'bad.txt'], { cwd: folder });
    expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('printable ASCII')]);
    const good = await commandLine(['keystore', '.', '--password-file', 'good.txt'], { cwd: folder });
    expect([good.code, storesIn(folder)]).toEqual([0, ['bad.txt', 'good.txt', 'keystore.p12', 'truststore.p12']]);
  });

  it.each([
    ['no key', { 'key.pem': 'nothing' }],
    ['another certificate’s key', { 'key.pem': keyPem(issuing) }],
    ['no certificate', { 'cert.pem': 'nothing' }],
    ['something else where its certificate belongs', { 'cert.pem': notACertificate }],
    ['something else among its issuers', { 'chain.pem': issuing.pem + notACertificate }],
    ['something else among its roots', { 'trust.pem': root.pem + notACertificate }],
  ])('refuses a folder with %s, and writes nothing', async (_what, override) => {
    const folder = requested(override);
    const { code, stderr } = await commandLine(['keystore', folder]);
    expect([code, storesIn(folder)]).toEqual([1, []]);
    expect(stderr).toContain(join(folder, Object.keys(override)[0]!));
  });

  it('refuses an alias that no program could be told', async () => {
    const folder = requested();
    const { code, stderr } = await commandLine(['keystore', folder, '--alias', '']);
    expect([code, stderr, storesIn(folder)]).toEqual([2, expect.stringContaining('--alias'), []]);
  });

  it('prints commands that can be pasted where the folder’s name has a blank', async () => {
    const folder = requested();
    const out = join(folder, 'my stores');
    const { stdout } = await commandLine(['keystore', folder, '--out', out]);
    expect(stdout).toContain(`keytool -list -keystore '${out}/keystore.p12' -storepass:file '${out}/store-password'`);
  });

  itWith('openssl', 'puts key, certificate and chain into the store, or no chain where a root signs', async () => {
    for (const chain of [true, false]) {
      const folder = requested();
      if (!chain) rmSync(join(folder, 'chain.pem'));
      expect((await commandLine(['keystore', folder])).code).toBe(0);
      const password = `file:${join(folder, 'store-password')}`;
      const read = ['pkcs12', '-in', join(folder, 'keystore.p12'), '-passin', password, '-nodes'];
      const { code, stdout } = await run('openssl', read);
      expect([code, stdout.toString().match(/BEGIN CERTIFICATE/g)?.length]).toEqual([0, chain ? 2 : 1]);
      expect(createPrivateKey(stdout).equals(leaf.key.privateKey)).toBe(true);
    }
  });
});
