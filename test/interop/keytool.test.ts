/** Java's keytool reads the chain, imports the reply to its own key, and follows it to the trusted root. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { describeWith, itWith, run } from '../support/judges.ts';
import { demoName } from '../support/key-request.ts';
import { type RunningService, startService, temporaryFolder } from '../support/running-service.ts';

describeWith('keytool', 'keytool', () => {
  let service: RunningService;
  let folder: string;
  const file = (name: string): string => join(folder, name);
  // Java starts slowly on a busy machine.
  const keytool = (...args: string[]) => run('keytool', args, { timeoutMs: 60_000 });

  beforeAll(async () => {
    folder = temporaryFolder();
    service = await startService();
  });

  afterAll(async () => {
    await service?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  itWith('keytool', 'lists the truststore that anybody may fetch, whose octets stay the same', async () => {
    const first = await service.distribution('/v1/trust-bundles/dev.p12');
    const again = await service.public('/v1/trust-bundles/dev.p12', {
      headers: { 'if-none-match': first.headers.etag! },
    });
    expect([first.status, first.headers['content-type'], again.status]).toEqual([200, 'application/x-pkcs12', 304]);
    writeFileSync(file('trust.p12'), first.body);
    const listed = await keytool('-list', '-keystore', file('trust.p12'), '-storepass', 'changeit');
    expect([listed.code, listed.stdout.toString()]).toEqual([0, expect.stringContaining('trustedCertEntry')]);
  });

  itWith('keytool', 'makes a key and a request, and imports the issued chain as its reply', async () => {
    const store = ['-keystore', file('store.p12'), '-storetype', 'PKCS12', '-storepass', 'changeit'];
    const made = await keytool(
      ...[
        '-genkeypair',
        '-alias',
        'demo',
        '-keyalg',
        'EC',
        '-groupname',
        'secp256r1',
        '-dname',
        `CN=${demoName}`,
        ...store,
      ],
    );
    expect([made.code, made.stdout.toString()]).toEqual([0, expect.any(String)]);
    const asked = await keytool(
      '-certreq',
      '-alias',
      'demo',
      '-ext',
      `SAN=DNS:${demoName}`,
      '-file',
      file('demo.csr'),
      ...store,
    );
    expect(asked.code).toBe(0);
    const answer = await service.public('/v1/certificates', {
      method: 'POST',
      headers: { 'content-type': 'application/x-pem-file', accept: 'application/pkcs7-mime' },
      body: readFileSync(file('demo.csr')),
    });
    expect([answer.status, answer.body.toString('latin1').slice(0, 4)]).toEqual([201, expect.any(String)]);

    const root = ['-importcert', '-noprompt', '-alias', 'root', '-file', service.path('trust/dev.pem'), ...store];
    expect((await keytool(...root)).code).toBe(0);
    const printed = await run('keytool', ['-printcert'], { input: answer.body, timeoutMs: 60_000 });
    expect(printed.stdout.toString()).toContain('Certificate[2]:');
    const reply = await run('keytool', ['-importcert', '-alias', 'demo', ...store], {
      input: answer.body,
      timeoutMs: 60_000,
    });
    expect([reply.code, reply.stderr]).toEqual([0, expect.stringContaining('installed')]);
    const listed = await keytool('-list', '-v', '-alias', 'demo', ...store);
    expect(listed.stdout.toString()).toContain('Certificate chain length: 3');
  });
});
