/** What `handshake` finds out about revocation: from a stapled answer, from lists it is given, and from those it asks. */
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assembleOcspResponse, encodeResponseData } from '#src/domain/ocsp/response.ts';
import { clientOf, productRoot, serverOf, system } from '../../../support/face-tls.ts';
import { runHandshake, seeHandshake } from '../../../support/handshake-verb.ts';
import { describeWith, itWith } from '../../../support/judges.ts';
import { encodeCertId } from '../../../support/ocsp-request.ts';
import { opensslServer } from '../../../support/openssl-server.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { crlDer, crlPem } from '../../../support/test-crl.ts';
import type { TestCertificate } from '../../../support/test-hierarchy.ts';

const now = Math.floor(Date.now() / 1000);
const leaf = serverOf(system);

function ocspDer(certificate: TestCertificate, status: 'good' | 'revoked', signer = system): Uint8Array {
  const single = { certIdDer: encodeCertId(system, certificate.serial), thisUpdate: now - 60, nextUpdate: now + 3600 };
  const data = encodeResponseData({
    responderPublicKeyDer: signer.key.spkiDer,
    producedAt: now - 60,
    responses: [{ ...single, status, ...(status === 'revoked' && { revokedAt: now - 60 }) }],
  });
  return assembleOcspResponse(data, signer.key.algorithm, signer.key.sign(data), []);
}

/** Answers every path with what `answers` has for how it begins; 404 else. */
async function httpServer(answers: Readonly<Record<string, () => Uint8Array>>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [, answer] = Object.entries(answers).find(([path]) => request.url!.startsWith(path)) ?? [];
    request.resume().on('end', () => (answer ? response.end(answer()) : response.writeHead(404).end()));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return { asked, baseUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}

describeWith('openssl', 'a handshake with a server whose certificate may be revoked', () => {
  for (const version of ['-tls1_2', '-tls1_3']) {
    itWith(
      'openssl',
      `believes the answer that the server staples, if its issuer signed it (${version})`,
      async () => {
        const seen: unknown[] = [];
        for (const answer of [ocspDer(leaf, 'good'), ocspDer(leaf, 'revoked'), ocspDer(leaf, 'revoked', productRoot)]) {
          const file = temporaryFolder().write('ocsp.der', answer);
          const { port, stop } = await opensslServer({ leaf }, version, '-status_file', file);
          const found = await seeHandshake(`localhost:${port}`);
          seen.push([
            found.code,
            ...found.troubles,
            found.seen.revocation.map(({ side, state }) => `${side} ${state}`),
          ]);
          await stop();
        }
        expect(seen).toEqual([
          [0, ['server good']],
          [9, 'serverRevoked', ['server revoked']],
          [0, ['server unknown']],
        ]);
      },
      60_000,
    );
  }

  itWith(
    'openssl',
    'looks into the lists that it is given, PEM or DER, and says when none is of any use',
    async () => {
      const { port } = await opensslServer({ leaf, chain: [leaf] });
      const { write } = temporaryFolder();
      const [pem, der] = [write('crl.pem', crlPem(system, leaf.serial)), write('crl.crl', crlDer(system, []))];
      const revoked = await runHandshake(`localhost:${port}`, {}, '--crl', pem);
      expect([revoked.code, revoked.stdout.match(/is revoked/g)]).toEqual([9, ['is revoked']]);
      expect(revoked.stdout).toMatch(/CN=localhost is revoked since .*Z, says the list .*crl\.pem\./);
      const good = await runHandshake(`localhost:${port}`, {}, '--crl', der);
      expect([good.code, good.stdout.includes('is not revoked, says the list')]).toEqual([0, true]);
      const other = await runHandshake(`localhost:${port}`, {}, '--crl', write('o.pem', crlPem(productRoot)));
      expect(other.stdout).toContain('No list that was given is of an issuer of these certificates.');
      expect((await runHandshake(`localhost:${port}`, {}, '--crl', 'nowhere.pem')).code).toBe(2);
    },
    60_000,
  );

  itWith(
    'openssl',
    'asks where the certificate says: OCSP, and the list when that tells nothing',
    async () => {
      const issued: TestCertificate[] = [];
      const own = () => issued[0]!;
      const answers: Record<string, () => Uint8Array> = { '/crl/': () => crlDer(system, [own().serial]) };
      const { baseUrl, asked } = await httpServer(answers);
      issued.push(serverOf(system, { baseUrl }));
      const { port } = await opensslServer({ leaf: own() });
      expect((await seeHandshake(`localhost:${port}`)).seen.revocation).toEqual([]);
      expect(asked).toEqual([]);
      const byList = await seeHandshake(`localhost:${port}`, {}, '--revocation');
      expect([byList.code, byList.troubles]).toEqual([9, ['serverRevoked']]);
      expect(byList.seen.revocation.map(({ state }) => state)).toEqual(['unknown', 'revoked']);
      answers['/ocsp/'] = () => ocspDer(own(), 'good');
      const byOcsp = await seeHandshake(`localhost:${port}`, {}, '--revocation');
      expect([byOcsp.code, byOcsp.seen.revocation.map(({ state }) => state)]).toEqual([0, ['good']]);
      expect(asked.map((line) => line.split('/')[0] + line.split('/')[1]!)).toEqual([
        'POST ocsp',
        'GET crl',
        'POST ocsp',
      ]);
    },
    60_000,
  );

  itWith(
    'openssl',
    'says of a certificate that names nobody to ask that nothing is known',
    async () => {
      const { port } = await opensslServer({ leaf: serverOf(system, { ocspNocheck: true }) });
      const { code, seen } = await seeHandshake(`localhost:${port}`, {}, '--revocation');
      expect([code, seen.revocation.map(({ state, by }) => `${state} ${by}`)]).toEqual([
        0,
        ['unknown the certificate'],
      ]);
    },
    60_000,
  );

  itWith(
    'openssl',
    'says that the client’s certificate is revoked, also when the server lets it in',
    async () => {
      const { port } = await opensslServer({ leaf, ca: system }, '-Verify', '2');
      const shown = clientOf(system);
      const list = temporaryFolder().write('crl.pem', crlPem(system, shown.serial));
      const { code, stdout } = await runHandshake(`localhost:${port}`, { shown }, '--crl', list);
      expect(code).toBe(0);
      expect(stdout).toMatch(/client’s certificate CN=client is revoked .* let it in all the same/);
    },
    60_000,
  );
});

describe('the lists that are given', () => {
  it('must be there, and be lists', async () => {
    const { code, stderr } = await runHandshake('localhost:1', {}, '--crl', 'nowhere.pem');
    expect([code, stderr]).toEqual([2, expect.stringContaining('nowhere.pem')]);
    const certificate = temporaryFolder().write('ca.pem', system.pem);
    expect((await runHandshake('localhost:1', {}, '--crl', certificate)).code).toBe(2);
  });
});
