import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Proof } from '#src/agent/proof/proof-schema.ts';
import { type Expected, prove } from '#src/agent/proof/prove.ts';
import { clientOf, keyPem, productRoot, serverOf, strangerRoot, system } from '../../support/face-tls.ts';
import { freePort } from '../../support/free-port.ts';
import { describeWith, itWith } from '../../support/judges.ts';
import { opensslServer } from '../../support/openssl-server.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import type { TestCertificate } from '../../support/test-hierarchy.ts';

const leaf = serverOf(system);

const proofOf = (port: number, more: Partial<Proof> = {}): Proof => ({
  host: '127.0.0.1',
  serverName: 'localhost',
  port,
  withinSeconds: 2,
  ...more,
});

const wanted = ({ serial }: TestCertificate, more: Partial<Expected> = {}): Expected => ({
  serial,
  trustPem: system.pem,
  signal: new AbortController().signal,
  ...more,
});

const own = (certificate: TestCertificate) => ({ certPem: certificate.pem, keyPem: keyPem(certificate) });

describe('a program whose workers take the new certificate one after the other', () => {
  it('is proved once every handshake shows it', async () => {
    const before = serverOf(system);
    const served = [before, leaf, before, leaf, leaf, before, leaf];
    let handshakes = 0;
    const server = createTlsServer({
      SNICallback: (_name, done) => {
        const { pem, ...certificate } = served[handshakes++] ?? leaf;
        done(null, createSecureContext({ cert: pem, key: keyPem({ pem, ...certificate }) }));
      },
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const outcome = await prove(proofOf(port, { withinSeconds: 30 }), wanted(leaf));
    expect(outcome).toMatchObject({ kind: 'proved', serial: leaf.serial });
    // The last of the old, and four of the new after it.
    expect(handshakes).toBe(10);
  });
});

describeWith('openssl', 'a proof by handshake', () => {
  itWith(
    'openssl',
    'is given by the new serial, over TLS 1.2 and 1.3',
    async () => {
      for (const [version, protocol] of [
        ['-tls1_2', 'TLSv1.2'],
        ['-tls1_3', 'TLSv1.3'],
      ] as const) {
        const { port, stop } = await opensslServer({ leaf }, version);
        expect(await prove(proofOf(port, { withinSeconds: 20 }), wanted(leaf))).toEqual({
          kind: 'proved',
          serial: leaf.serial,
          protocol,
        });
        await stop();
      }
    },
    60_000,
  );

  itWith(
    'openssl',
    'is given for each certificate of a server that has one of RSA and one of ECDSA',
    async () => {
      const rsa = serverOf(system, { key: makeSigningKey('rsa-2048') });
      const { write } = temporaryFolder();
      const second = ['-dcert', write('rsa.crt', rsa.pem), '-dkey', write('rsa.key', keyPem(rsa))];
      for (const version of ['-tls1_2', '-tls1_3']) {
        const { port, stop } = await opensslServer({ leaf }, version, ...second);
        for (const certificate of [leaf, rsa]) {
          const outcome = await prove(
            proofOf(port, { withinSeconds: 20 }),
            wanted(certificate, { own: own(certificate) }),
          );
          expect(outcome).toMatchObject({ kind: 'proved', serial: certificate.serial });
        }
        await stop();
      }
    },
    60_000,
  );

  itWith(
    'openssl',
    'that finds a certificate of another kind of key says so, and not what came of asking again',
    async () => {
      const rsa = serverOf(system, { key: makeSigningKey('rsa-2048') });
      const { port } = await opensslServer({ leaf });
      expect(await prove(proofOf(port, { withinSeconds: 1 }), wanted(rsa, { own: own(rsa) }))).toMatchObject({
        kind: 'failed',
        servedSerial: leaf.serial,
        reason: expect.stringContaining('not the new'),
      });
    },
  );

  itWith(
    'openssl',
    'is given although the server then refuses a client that shows no certificate',
    async () => {
      for (const version of ['-tls1_2', '-tls1_3']) {
        const { port, stop } = await opensslServer(
          { leaf, ca: productRoot },
          version,
          '-Verify',
          '3',
          '-verify_return_error',
        );
        expect(await prove(proofOf(port, { withinSeconds: 20 }), wanted(leaf))).toMatchObject({ kind: 'proved' });
        await stop();
      }
    },
    60_000,
  );

  itWith(
    'openssl',
    'with the client’s own certificate needs the server to take that as well',
    async () => {
      for (const version of ['-tls1_2', '-tls1_3']) {
        const { port, stop } = await opensslServer(
          { leaf, ca: productRoot },
          version,
          '-Verify',
          '3',
          '-verify_return_error',
        );
        const [known, stranger] = [clientOf(productRoot), clientOf(strangerRoot)];
        const proof = proofOf(port, { client: 'own', withinSeconds: 20 });
        expect(await prove(proof, wanted(leaf, { own: own(known) }))).toMatchObject({ kind: 'proved' });
        const refused = await prove(proofOf(port, { client: 'own' }), wanted(leaf, { own: own(stranger) }));
        expect(refused).toMatchObject({ kind: 'failed', reason: expect.stringContaining('refused the handshake') });
        await stop();
      }
    },
    60_000,
  );

  itWith(
    'openssl',
    'is waited for until the new certificate shows',
    async () => {
      const first = await opensslServer({ leaf });
      const next = serverOf(system);
      const proving = prove(proofOf(first.port, { withinSeconds: 60 }), wanted(next));
      await pause(600);
      await first.stop();
      await opensslServer({ leaf: next, port: first.port });
      expect(await proving).toMatchObject({ kind: 'proved', serial: next.serial });
    },
    90_000,
  );

  itWith(
    'openssl',
    'fails with the serial that is served instead',
    async () => {
      const { port } = await opensslServer({ leaf });
      const next = serverOf(system);
      const outcome = await prove(proofOf(port), wanted(next));
      expect(outcome).toMatchObject({ kind: 'failed', servedSerial: leaf.serial });
      expect(outcome).toMatchObject({ reason: expect.stringContaining(next.serial) });
    },
    60_000,
  );

  itWith(
    'openssl',
    'fails for a certificate of another root or for another name, over TLS 1.2 and 1.3',
    async () => {
      for (const version of ['-tls1_2', '-tls1_3']) {
        const { port, stop } = await opensslServer(
          { leaf, ca: productRoot },
          version,
          '-Verify',
          '3',
          '-verify_return_error',
        );
        const foreign = await prove(proofOf(port), wanted(leaf, { trustPem: strangerRoot.pem }));
        expect(foreign).toMatchObject({ kind: 'failed', servedSerial: leaf.serial });
        expect(foreign).toMatchObject({ reason: expect.stringContaining('one of the roots given') });
        const misnamed = await prove(proofOf(port, { serverName: 'other.example' }), wanted(leaf));
        expect(misnamed).toMatchObject({ kind: 'failed', reason: expect.stringContaining('other.example') });
        await stop();
      }
    },
    60_000,
  );
});

describe('a proof without a server', () => {
  const reasonOf = async (proof: Proof, expected = wanted(leaf)): Promise<string> => {
    const outcome = await prove(proof, expected);
    expect(outcome).toMatchObject({ kind: 'failed', servedSerial: null });
    return outcome.kind === 'failed' ? outcome.reason : '';
  };

  it('says that nothing listens, that the host is unknown, or that nobody speaks TLS', async () => {
    expect(await reasonOf(proofOf(await freePort()))).toContain('nothing listens');
    expect(await reasonOf(proofOf(443, { host: 'no-such-host.invalid' }))).toContain('no-such-host.invalid:443');
    const plain = createServer((socket) => socket.on('error', () => {}).end('hello\n'));
    await new Promise<void>((done) => plain.listen(0, '127.0.0.1', done));
    onTestFinished(() => void plain.close());
    expect(await reasonOf(proofOf((plain.address() as { port: number }).port))).toContain('does not speak TLS');
  }, 60_000);

  it('says that a server that accepts and keeps silent did not answer', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    expect(await reasonOf(proofOf(port, { withinSeconds: 1 }))).toContain('did not answer');
  });

  it('says that trust, certificate or key cannot be used', async () => {
    const broken = { certPem: 'no PEM', keyPem: 'no PEM' };
    const proof = proofOf(await freePort(), { client: 'own', withinSeconds: 1 });
    expect(await reasonOf(proof, wanted(leaf, { own: broken }))).toContain('cannot be used');
  });

  it('rejects with the reason when it is interrupted', async () => {
    const stop = new AbortController();
    const proving = prove(proofOf(await freePort(), { withinSeconds: 600 }), wanted(leaf, { signal: stop.signal }));
    const reason = new Error('stopping');
    setTimeout(() => stop.abort(reason), 100);
    await expect(proving).rejects.toBe(reason);
  });
});
