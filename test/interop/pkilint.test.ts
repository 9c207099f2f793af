/** pkilint judges every kind of certificate, CRL and OCSP answer that the running service can emit, for each kind of authority. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect } from 'vitest';
import { unarguedFindings } from '../support/argued-findings.ts';
import { issueCertificate, revokeCertificate } from '../support/issued-certificate.ts';
import { describeWith, itWith, type LintedDocument, run } from '../support/judges.ts';
import { type RunningService, startService, temporaryFolder } from '../support/running-service.ts';

interface NamedDocument extends LintedDocument {
  readonly name: string;
}

const variants = [
  { sentence: 'two-tier with P-256', env: {}, root: 'dev-root', issuing: 'dev-issuing' },
  {
    sentence: 'two-tier with P-384',
    env: { PRIVYSEAL_AUTHORITY_KEY_TYPE: 'ec-p384' },
    root: 'dev-root',
    issuing: 'dev-issuing',
  },
  {
    sentence: 'two-tier with Ed25519',
    env: { PRIVYSEAL_AUTHORITY_KEY_TYPE: 'ed25519' },
    root: 'dev-root',
    issuing: 'dev-issuing',
  },
  {
    sentence: 'one root with RSA',
    env: { PRIVYSEAL_HIERARCHY: 'root', PRIVYSEAL_AUTHORITY_KEY_TYPE: 'rsa-2048' },
    root: 'dev-root',
    issuing: 'dev-root',
  },
  {
    sentence: 'one root with RSA and PSS',
    env: { PRIVYSEAL_HIERARCHY: 'root', PRIVYSEAL_AUTHORITY_KEY_TYPE: 'rsa-2048', PRIVYSEAL_RSA_PADDING: 'pss' },
    root: 'dev-root',
    issuing: 'dev-root',
  },
];

for (const { sentence, env, root, issuing } of variants) {
  describeWith(['pkilint', 'openssl'], `pkilint, for a hierarchy ${sentence},`, () => {
    let service: RunningService;
    let folder: string;
    const documents: NamedDocument[] = [];
    const add = (kind: LintedDocument['kind'], name: string, bytes: Uint8Array | string): void => {
      documents.push({ kind, name, bytes });
    };

    beforeAll(async () => {
      folder = temporaryFolder();
      service = await startService({ env });
      add('certificate', 'system root', service.read('trust/system.pem'));
      add('certificate', 'environment root', service.read('trust/dev.pem'));
      add('certificate', 'operator', service.read('admin/admin.crt'));
      add('certificate', 'server', await serverCertificate(service.ports.public));
      add('certificate', 'issuing authority', (await service.distribution(`/aia/${issuing}.cer`)).body);
      await addProducts();
      await addLists('before');
      await addAnswers();
      await addLists('after');
    });

    afterAll(async () => {
      await service?.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    async function addProducts(): Promise<void> {
      for (const profile of ['peer', 'server', 'client']) {
        const { json } = await issueCertificate(service, folder, { profile, name: profile });
        add('certificate', `product ${profile}`, json.certificate);
      }
      for (const keyType of ['ec-p384', 'ec-p521', 'rsa-2048', 'ed25519'] as const) {
        const names = ['demo.dev.internal', 'a.demo.dev.internal'];
        const { json } = await issueCertificate(service, folder, { keyType, names, name: keyType });
        add('certificate', `product with ${keyType}`, json.certificate);
      }
    }

    async function addLists(when: string): Promise<void> {
      for (const authority of new Set(['system', root, issuing])) {
        const answer = await service.distribution(`/crl/${authority}.crl`);
        if (answer.status === 200) add('crl', `CRL of ${authority} ${when} revocations`, answer.body);
      }
    }

    /** Good, revoked with and without reason, held, unknown, without nonce, and the errors. */
    async function addAnswers(): Promise<void> {
      writeFileSync(join(folder, 'issuing.der'), (await service.distribution(`/aia/${issuing}.cer`)).body);
      await run('openssl', [
        'x509',
        '-inform',
        'DER',
        '-in',
        join(folder, 'issuing.der'),
        '-out',
        join(folder, 'issuing.pem'),
      ]);
      const ask = async (name: string, ...args: string[]): Promise<void> => {
        const file = join(folder, 'answer.der');
        const asked = await run('openssl', [
          ...['ocsp', '-issuer', join(folder, 'issuing.pem'), '-url', `${service.urls.distribution}/ocsp/${issuing}`],
          ...['-noverify', '-respout', file, ...args],
        ]);
        expect([name, asked.code, asked.stderr]).toEqual([name, 0, expect.any(String)]);
        add('ocsp', `OCSP ${name}`, readFileSync(file));
        const text = await run('openssl', ['ocsp', '-respin', file, '-noverify', '-resp_text']);
        const [responder] =
          /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n/.exec(text.stdout.toString()) ?? [];
        if (responder) add('certificate', `responder of OCSP ${name}`, responder);
      };
      const files = async (name: string) => (await issueCertificate(service, folder, { name })).files.certificate;
      await ask('good', '-cert', await files('good'));
      await ask('good without nonce', '-no_nonce', '-cert', await files('nonceless'));
      await ask('unknown', '-serial', '0x0123456789abcdef0123456789abcdef01234567');
      const several = [...['-sha256', '-cert', await files('one')], ...['-cert', await files('two')]];
      await ask('of two', ...several);
      for (const reason of ['unspecified', 'keyCompromise', 'certificateHold', 'superseded']) {
        const { serial, files: ofReason } = await issueCertificate(service, folder, { name: reason });
        await revokeCertificate(service, serial, reason);
        await ask(`revoked as ${reason}`, '-cert', ofReason.certificate);
      }
      const path = `/ocsp/${issuing}`;
      const headers = { 'content-type': 'application/ocsp-request' };
      const { body } = await service.distribution(path, { method: 'POST', body: 'nonsense', headers });
      add('ocsp', 'OCSP error', body);
    }

    itWith('pkilint', 'has nothing to say that no ADR argues', async () => {
      const findings = await unarguedFindings(documents);
      expect(
        findings.map((found, index) => [documents[index]!.name, found]).filter(([, found]) => found!.length > 0),
      ).toEqual([]);
      // The judge saw every kind of document.
      expect(new Set(documents.map(({ kind }) => kind))).toEqual(new Set(['certificate', 'crl', 'ocsp']));
      expect(documents.filter(({ name }) => name.startsWith('responder'))).not.toEqual([]);
    });
  });
}

/** DER of the certificate that the public face shows in its handshake. */
const serverCertificate = (port: number): Promise<Uint8Array> =>
  new Promise((done, failed) => {
    // The trust is not what is asked here: openssl.test.ts does.
    const socket = connect({ port, host: 'localhost', rejectUnauthorized: false }, () => {
      done(socket.getPeerCertificate(true).raw);
      socket.destroy();
    });
    socket.on('error', failed);
  });
