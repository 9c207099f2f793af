/** Every way to fail that `handshake` tells apart, against real servers, over TLS 1.2 and TLS 1.3 where both can fail so. */
import { describe, expect, it } from 'vitest';
import {
  clientOf,
  expiredClientOf,
  keyPem,
  productRoot,
  serverOf,
  strangerRoot,
  system,
} from '../../../support/face-tls.ts';
import { freePort } from '../../../support/free-port.ts';
import { plainPort, type Shown, seeHandshake } from '../../../support/handshake-verb.ts';
import { describeWith, itWith } from '../../../support/judges.ts';
import { opensslServer, type ServerMaterial } from '../../../support/openssl-server.ts';
import { smallNginx } from '../../../support/small-nginx.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { crlPem } from '../../../support/test-crl.ts';
import { makeTestCertificate } from '../../../support/test-hierarchy.ts';

const now = Math.floor(Date.now() / 1000);
const leaf = serverOf(system);
const expired = { notBefore: now - 7200, notAfter: now - 3600 };
const early = { notBefore: now + 3600, notAfter: now + 7200 };
const versions = ['-tls1_2', '-tls1_3'];

/** Troubles by code behind the exit code, for each version of TLS and each look. */
async function failures(material: ServerMaterial, args: readonly string[], ...looks: Shown[]): Promise<unknown[]> {
  const ofVersion = async (version: string): Promise<unknown[]> => {
    const seen: unknown[] = [];
    const { port, stop } = await opensslServer(material, version, ...args);
    for (const shown of looks) {
      const { code, troubles } = await seeHandshake(`localhost:${port}`, shown);
      seen.push([code, ...troubles]);
    }
    await stop();
    return seen;
  };
  return (await Promise.all(versions.map(ofVersion))).flat();
}

const twice = (...each: unknown[]) => [...each, ...each];

describeWith('openssl', 'a handshake with a server that is not to be believed', () => {
  const cases: [string, ServerMaterial, string][] = [
    ['expired', { leaf: serverOf(system, { override: expired }) }, 'serverExpired'],
    ['not valid yet', { leaf: serverOf(system, { override: early }) }, 'serverNotYetValid'],
    [
      'of a root that is sent, and not trusted',
      { leaf: serverOf(strangerRoot), chain: [strangerRoot] },
      'serverUntrustedRoot',
    ],
    ['of an issuer that is neither sent nor trusted', { leaf: serverOf(strangerRoot) }, 'serverIssuerMissing'],
    ['for clients only', { leaf: serverOf(system, { extKeyUsage: ['clientAuth'] }) }, 'serverWrongPurpose'],
    [
      'for another name',
      { leaf: serverOf(system, { names: [{ type: 'dns', value: 'other.example' }] }) },
      'serverWrongName',
    ],
    [
      'self-signed',
      {
        leaf: makeTestCertificate({
          now,
          commonName: 'localhost',
          names: [{ type: 'dns', value: 'localhost' }],
          keyUsage: ['digitalSignature'],
        }),
      },
      'serverSelfSigned',
    ],
    [
      'of a root made anew under the name of the trusted one',
      {
        leaf: serverOf(
          makeTestCertificate({
            now,
            commonName: 'Test System',
            basicConstraints: { ca: true },
            keyUsage: ['keyCertSign'],
          }),
        ),
      },
      'serverOtherKeyOfIssuer',
    ],
  ];
  for (const [what, material, code] of cases) {
    itWith(
      'openssl',
      `names a certificate that is ${what}: ${code}`,
      async () => {
        expect(await failures(material, [], {})).toEqual(twice([9, code]));
      },
      60_000,
    );
  }

  itWith(
    'openssl',
    'names every flaw, also when the server then refuses the client',
    async () => {
      const flawed = serverOf(system, { override: expired, names: [{ type: 'dns', value: 'other.example' }] });
      const demanding = ['-Verify', '2', '-verify_return_error'];
      expect(await failures({ leaf: flawed, ca: productRoot }, demanding, {})).toEqual(
        twice([5, 'serverExpired', 'serverWrongName', 'clientCertificateMissing']),
      );
    },
    60_000,
  );
});

describeWith('openssl', 'a handshake with a server that refuses the client', () => {
  const demanding = ['-Verify', '2', '-verify_return_error'];
  itWith(
    'openssl',
    'says what is wrong with the certificate shown, or that none was',
    async () => {
      const material = { leaf, ca: productRoot };
      const looks = [
        {},
        { shown: clientOf(productRoot) },
        { shown: expiredClientOf(productRoot) },
        { shown: clientOf(productRoot, { override: early }) },
        { shown: clientOf(productRoot, { extKeyUsage: ['serverAuth'] }) },
        { shown: clientOf(strangerRoot) },
      ];
      expect(await failures(material, demanding, ...looks)).toEqual(
        twice(
          [5, 'clientCertificateMissing'],
          [0],
          [5, 'clientExpired'],
          [5, 'clientNotYetValid'],
          [5, 'clientWrongPurpose'],
          [5, 'clientUnknownCa'],
        ),
      );
    },
    120_000,
  );

  itWith(
    'openssl',
    'says that it is revoked when the server says so',
    async () => {
      const revoked = clientOf(productRoot);
      const list = temporaryFolder().write('crl.pem', crlPem(productRoot, revoked.serial));
      const args = [...demanding, '-crl_check', '-CRL', list];
      const looks = [{ shown: revoked }, { shown: clientOf(productRoot) }];
      expect(await failures({ leaf, ca: productRoot }, args, ...looks)).toEqual(twice([5, 'clientRevoked'], [0]));
    },
    60_000,
  );

  itWith(
    ['openssl', 'nginx'],
    'hears it from nginx only over HTTP',
    async () => {
      const nginx = await smallNginx('ssl_client_certificate ca.crt;', 'ssl_verify_client on;', 'ssl_crl crl.pem;');
      const revoked = clientOf(productRoot);
      nginx.write('tls.crt', leaf.pem);
      nginx.write('tls.key', keyPem(leaf));
      nginx.write('ca.crt', productRoot.pem);
      nginx.write('crl.pem', crlPem(productRoot, revoked.serial));
      await nginx.start();
      const target = `localhost:${nginx.port}`;
      const looks: [Shown, ...unknown[]][] = [
        [{}, 5, 'clientCertificateMissing'],
        [{ shown: clientOf(productRoot) }, 0],
        [{ shown: expiredClientOf(productRoot) }, 5, 'clientExpired'],
        [{ shown: clientOf(strangerRoot) }, 5, 'clientUnknownCa'],
        [{ shown: revoked }, 5, 'clientRefused'],
      ];
      for (const [shown, ...expected] of looks) {
        const { code, troubles, seen } = await seeHandshake(target, shown, '--http');
        expect([code, ...troubles]).toEqual(expected);
        expect(seen.httpStatus).toBe(code === 0 ? 200 : 400);
        if (code !== 0) expect(seen.troubles[0]?.step).toBe('http');
      }
      expect((await seeHandshake(target, {})).code).toBe(0);
      // Whoever holds the list himself is told what nginx does not tell.
      const list = temporaryFolder().write('crl.pem', crlPem(productRoot, revoked.serial));
      const trust = temporaryFolder().write('ca.pem', system.pem + productRoot.pem);
      const told = await seeHandshake(target, { shown: revoked }, '--http', '--crl', list, '--ca', trust);
      expect([told.code, ...told.troubles]).toEqual([5, 'clientRevoked']);
    },
    120_000,
  );
});

describeWith('openssl', 'a handshake that comes to nothing', () => {
  itWith(
    'openssl',
    'says that no version, or no cipher suite, group or algorithm is common',
    async () => {
      const old = await opensslServer({ leaf }, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0');
      expect(await seeHandshake(`localhost:${old.port}`)).toMatchObject({ code: 4, troubles: ['protocolVersion'] });
      const newest = await opensslServer({ leaf }, '-tls1_3');
      const limited = await seeHandshake(`localhost:${newest.port}`, {}, '--max-tls', '1.2');
      expect(limited).toMatchObject({ code: 4, troubles: ['protocolVersion'] });
      const strange = await opensslServer({ leaf }, '-tls1_2', '-cipher', 'ECDHE-ECDSA-CAMELLIA128-SHA256:@SECLEVEL=0');
      expect(await seeHandshake(`localhost:${strange.port}`)).toMatchObject({ code: 4, troubles: ['nothingInCommon'] });
      const rare = await opensslServer({ leaf }, '-tls1_3', '-ciphersuites', 'TLS_AES_128_CCM_8_SHA256');
      expect(await seeHandshake(`localhost:${rare.port}`)).toMatchObject({ code: 4, troubles: ['nothingInCommon'] });
    },
    60_000,
  );

  itWith(
    'openssl',
    'says that the server knows no site of that name',
    async () => {
      const { write } = temporaryFolder();
      const other = ['-cert2', write('2.crt', leaf.pem), '-key2', write('2.key', keyPem(leaf))];
      const args = ['-servername', 'site.example', '-servername_fatal', ...other];
      for (const version of versions) {
        const { port, stop } = await opensslServer({ leaf }, version, ...args);
        expect(await seeHandshake(`localhost:${port}`)).toMatchObject({ code: 4, troubles: ['nameUnknown'] });
        await stop();
      }
    },
    60_000,
  );
});

describe('a handshake with nobody who speaks TLS', () => {
  const codes = async (target: string, ...args: string[]) => {
    const { code, troubles, seen } = await seeHandshake(target, {}, ...args);
    return [code, ...troubles, seen.troubles[0]?.step];
  };

  it('says that it is plain HTTP, or another protocol', async () => {
    const http = await plainPort((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect(await codes(`localhost:${http}`)).toEqual([4, 'plainHttp', 'hello']);
    const mail = await plainPort((socket) => socket.write('220 mail.example ESMTP\r\n'));
    expect(await codes(`localhost:${mail}`)).toEqual([4, 'notTls', 'hello']);
  });

  it('says that nothing listens, or that there is no such name', async () => {
    expect(await codes(`localhost:${await freePort()}`)).toEqual([4, 'connectionRefused', 'connection']);
    expect(await codes('no-such-host.invalid:443')).toEqual([4, 'addressUnknown', 'name']);
  });

  it('says that the server keeps silent, or hangs up', async () => {
    const silent = await plainPort(() => {});
    expect(await codes(`localhost:${silent}`, '--timeout', '1s')).toEqual([4, 'noAnswer', 'hello']);
    const brusque = await plainPort((socket) => socket.once('data', () => socket.end()));
    expect(await codes(`localhost:${brusque}`)).toEqual([4, 'closed', 'hello']);
  });

  it('has a sentence and a next step for each', async () => {
    const { seen } = await seeHandshake('no-such-host.invalid:443');
    expect(seen.troubles[0]?.why).toContain('no-such-host.invalid:443');
    expect(seen.troubles[0]?.next).toMatch(/\.$/);
  });
});
