/** curl as products use it: three encodings of the CSR in, four forms of the certificate out. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { issueCertificate } from '../support/issued-certificate.ts';
import { describeWith, itWith, type RunResult, run } from '../support/judges.ts';
import { makeKeyRequest } from '../support/key-request.ts';
import { type RunningService, startService, temporaryFolder } from '../support/running-service.ts';

describeWith('curl', 'curl', () => {
  let service: RunningService;
  let folder: string;
  const file = (name: string): string => join(folder, name);

  /** Status and answer of the public face; the token goes through a file, as it would through a header file in production. */
  const curl = async (...args: string[]): Promise<{ status: string; type: string; body: Buffer; ran: RunResult }> => {
    const ran = await run('curl', [
      ...['--silent', '--show-error', '--cacert', service.path('trust/system.pem'), '--header', `@${file('token')}`],
      ...['--output', file('body'), '--write-out', '%{http_code} %{content_type}', ...args],
    ]);
    const [status = '', ...type] = ran.stdout.toString().split(' ');
    return { status, type: type.join(' '), body: readFileSync(file('body')), ran };
  };
  const submit = (...args: string[]) => curl(...args, `${service.urls.public}/v1/certificates`);

  beforeAll(async () => {
    folder = temporaryFolder();
    service = await startService();
    writeFileSync(file('token'), `Authorization: Bearer ${service.read('demo/token').trim()}\n`, { mode: 0o600 });
  });

  afterAll(async () => {
    await service?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const encodings = [
    {
      sentence: 'JSON with PEM',
      type: 'application/json',
      body: (r: ReturnType<typeof makeKeyRequest>) => JSON.stringify({ csr: r.csrPem }),
    },
    {
      sentence: 'JSON with base64',
      type: 'application/json',
      body: (r: ReturnType<typeof makeKeyRequest>) => JSON.stringify({ csr: Buffer.from(r.csrDer).toString('base64') }),
    },
    { sentence: 'raw DER', type: 'application/pkcs10', body: (r: ReturnType<typeof makeKeyRequest>) => r.csrDer },
    { sentence: 'PEM text', type: 'application/x-pem-file', body: (r: ReturnType<typeof makeKeyRequest>) => r.csrPem },
    { sentence: 'PEM as plain text', type: 'text/plain', body: (r: ReturnType<typeof makeKeyRequest>) => r.csrPem },
  ];

  for (const { sentence, type, body } of encodings) {
    itWith('curl', `gets a certificate for a CSR as ${sentence}`, async () => {
      writeFileSync(file('csr'), body(makeKeyRequest()));
      const answer = await submit('--header', `Content-Type: ${type}`, '--data-binary', `@${file('csr')}`);
      expect([answer.status, answer.type]).toEqual(['201', expect.stringMatching(/^application\/json/)]);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ status: 'valid', product: 'dev/demo' });
    });
  }

  const forms = [
    { accept: 'application/json', inspect: undefined },
    { accept: 'application/pem-certificate-chain', inspect: ['x509', '-noout', '-serial', '-in'] },
    { accept: 'application/pkix-cert', inspect: ['x509', '-inform', 'DER', '-noout', '-serial', '-in'] },
    {
      accept: 'application/pkcs7-mime',
      inspect: ['pkcs7', '-inform', 'DER', '-print_certs', '-text', '-noout', '-in'],
    },
  ];

  for (const { accept, inspect } of forms) {
    itWith(['curl', 'openssl'], `reads a certificate as ${accept}, at once and later`, async () => {
      writeFileSync(file('csr'), makeKeyRequest().csrDer);
      const args = ['--header', 'Content-Type: application/pkcs10', '--data-binary', `@${file('csr')}`];
      const atOnce = await submit('--header', `Accept: ${accept}`, ...args);
      expect([atOnce.status, atOnce.type]).toEqual(['201', expect.stringContaining(accept)]);
      if (inspect) expect((await run('openssl', [...inspect, file('body')])).code).toBe(0);

      const { serial } = await issueCertificate(service, folder);
      const later = await curl('--header', `Accept: ${accept}`, `${service.urls.public}/v1/certificates/${serial}`);
      expect([later.status, later.type]).toEqual(['200', expect.stringContaining(accept)]);
      if (!inspect) return;
      const shown = await run('openssl', [...inspect, file('body')]);
      // openssl writes the serial in its text form with colons, else in upper case.
      expect(shown.stdout.toString().toLowerCase().replaceAll(':', '')).toContain(serial);
    });
  }

  itWith('curl', 'is told 406 for a form that does not exist, and nothing is issued', async () => {
    const before = await issued(service);
    writeFileSync(file('csr'), makeKeyRequest().csrDer);
    const args = ['--header', 'Content-Type: application/pkcs10', '--data-binary', `@${file('csr')}`];
    const answer = await submit('--header', 'Accept: image/png', ...args);
    expect([answer.status, answer.type]).toEqual(['406', expect.stringContaining('application/problem+json')]);
    expect(await issued(service)).toBe(before);
  });

  itWith('curl', 'without a token is told 401, with another CA’s trust nothing at all', async () => {
    const url = `${service.urls.public}/v1/certificates`;
    const args = ['--silent', '--output', file('body'), '--write-out', '%{http_code}', '--data', '{}'];
    const json = ['--header', 'Content-Type: application/json'];
    const noToken = await run('curl', ['--cacert', service.path('trust/system.pem'), ...args, ...json, url]);
    expect(noToken.stdout.toString()).toBe('401');
    const wrongTrust = await run('curl', ['--cacert', service.path('trust/dev.pem'), ...args, ...json, url]);
    expect([wrongTrust.code, wrongTrust.stdout.toString()]).toEqual([60, '000']);
  });

  itWith(
    'curl',
    'fetches CRL, issuer and trust bundle from the distribution face, and revalidates by ETag',
    async () => {
      const url = `${service.urls.distribution}/crl/dev-issuing.crl`;
      const first = await run('curl', ['--silent', '--dump-header', file('headers'), '--output', file('crl'), url]);
      expect(first.code).toBe(0);
      const etag = /^etag: (.*)\r$/im.exec(readFileSync(file('headers'), 'utf8'))?.[1] ?? '';
      expect(etag).toMatch(/^".+"$/);
      const again = [
        '--silent',
        '--output',
        file('crl'),
        '--write-out',
        '%{http_code}',
        '--header',
        `If-None-Match: ${etag}`,
      ];
      expect((await run('curl', [...again, url])).stdout.toString()).toBe('304');
      const bundle = await run('curl', ['--silent', '--fail', `${service.urls.distribution}/v1/trust-bundles/dev.pem`]);
      expect(bundle.stdout.toString().trim()).toBe(service.read('trust/dev.pem').trim());
    },
  );
});

async function issued(service: RunningService): Promise<number> {
  const { body } = await service.admin('/v1/certificates?purpose=product&limit=1000');
  return (JSON.parse(body.toString()) as { items: unknown[] }).items.length;
}
