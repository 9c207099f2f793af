import { describe, expect, it } from 'vitest';
import {
  prepareServiceCertificate,
  recipes,
  type ServiceCertificateRequest,
  type ServiceIssuer,
  type ServiceRecipe,
} from '../../../src/domain/policy/service-profiles.ts';
import { parseTbsCertificate } from '../../../src/domain/x509/certificate.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import { signatureAlgorithms } from '../../../src/domain/x509/signature-algorithm.ts';
import { someKey } from '../../support/csr-builder.ts';
import { day, makeIssuer, someSerial } from '../../support/policy-builders.ts';
import { reasonsOf, refusalOf } from '../../support/refusal.ts';
import { testNow } from '../../support/test-hierarchy.ts';

const self: ServiceIssuer = { self: { signatureAlgorithm: signatureAlgorithms['ecdsa-with-SHA256'] } };

interface Preparation {
  readonly recipe?: ServiceRecipe;
  readonly issuer?: ServiceIssuer;
  readonly request?: Partial<ServiceCertificateRequest>;
}

function prepare({ recipe = recipes.server, issuer = makeIssuer(), request }: Preparation = {}) {
  const names = recipe.purpose === 'server' ? ['ca.dev.internal', '127.0.0.1'] : [];
  const { spkiDer } = someKey();
  const whole = { commonName: 'ca.dev.internal', names, spkiDer, now: testNow, serial: someSerial, ...request };
  return prepareServiceCertificate(recipe, issuer, whole);
}

const tbsOf = (preparation: Preparation) => parseTbsCertificate(prepare(preparation).tbs);

describe('the certificate of an authority', () => {
  it.each([
    ['systemAuthority', 0],
    ['rootAuthority', 1],
    ['soleAuthority', 0],
  ] as const)('%s signs itself, allows %i authorities below it and has no addresses', (name, pathLen) => {
    const tbs = tbsOf({ recipe: recipes[name], issuer: self });
    expect(tbs.basicConstraints).toEqual({ ca: true, pathLen });
    expect(tbs.keyUsage).toEqual(['keyCertSign', 'cRLSign']);
    expect(tbs.extKeyUsage).toBeUndefined();
    expect(tbs.issuer.der).toEqual(tbs.subject.der);
    expect(tbs.authorityKeyIdentifier).toEqual(tbs.subjectKeyIdentifier);
    expect(tbs.extensions.has(oids.cRLDistributionPoints)).toBe(false);
    expect(tbs.notAfter - testNow).toBe(3650 * day);
  });

  it('issuingAuthority allows none below it and says where its revocation is told', () => {
    const tbs = tbsOf({ recipe: recipes.issuingAuthority });
    expect(tbs.basicConstraints).toEqual({ ca: true, pathLen: 0 });
    expect(tbs.extensions.has(oids.cRLDistributionPoints)).toBe(true);
    expect(tbs.extensions.has(oids.authorityInfoAccess)).toBe(true);
  });

  it('ends with its issuer at the latest', () => {
    const issuer = makeIssuer({ notAfter: testNow + day });
    expect(prepare({ recipe: recipes.issuingAuthority, issuer }).notAfter).toBe(testNow + day);
  });
});

describe('the certificate of the service itself', () => {
  it.each([
    ['operator', [oids.clientAuth], false],
    ['server', [oids.serverAuth], false],
    ['ocspResponder', [oids.ocspSigning], true],
    ['auditCheckpoint', [oids.documentSigning], false],
  ] as const)('%s is no authority and has its one purpose', (name, purposes, nocheck) => {
    const tbs = tbsOf({ recipe: recipes[name] });
    expect(tbs.basicConstraints).toEqual({ ca: false });
    expect(tbs.keyUsage).toEqual(['digitalSignature']);
    expect(tbs.extKeyUsage).toEqual(purposes);
    expect(tbs.extensions.has(oids.idPkixOcspNocheck)).toBe(nocheck);
  });

  it('is recorded under its recipe, with the names that the bytes have', () => {
    expect(prepare({ request: { names: ['ca.dev.internal', 'CA.dev.internal', '::0001'] } })).toMatchObject({
      subject: 'CN=ca.dev.internal,O=Privyseal',
      names: ['ca.dev.internal', '::1'],
      keyType: 'ec-p256',
      profile: 'service-server',
      profileVersion: 1,
    });
  });

  it('has no CN where the name is too long for one', () => {
    const long = `${'a'.repeat(60)}.dev.internal`;
    expect(prepare({ request: { commonName: long, names: [long] } }).subject).toBe('O=Privyseal');
  });

  it('is refused with every name that is none, and a lifetime that it may not have', () => {
    const request = { names: ['ca.dev.internal', 'ca_1', '1.2.3'], lifetimeSeconds: 31 * day };
    const issuer = makeIssuer({ notAfter: testNow + day });
    const error = refusalOf(() => prepare({ issuer, request }));
    expect(error.reasons.map(({ code, field }) => [code, field])).toEqual([
      ['badDnsName', 'names[1]'],
      ['badIpAddress', 'names[2]'],
      ['lifetimeTooLong', 'lifetimeSeconds'],
      ['outlivesIssuer', 'lifetimeSeconds'],
    ]);
  });

  it('is not made by an issuer that has ended', () => {
    expect(reasonsOf(() => prepare({ issuer: makeIssuer({ notAfter: testNow }) }))).toEqual(['outlivesIssuer']);
  });

  it('begins with its issuer when the clock is behind, so that the service can still say so over TLS', () => {
    const issuer = makeIssuer({ notBefore: testNow + 10 * day });
    expect(prepare({ issuer })).toMatchObject({ notBefore: testNow + 10 * day, notAfter: testNow + 40 * day });
  });
});

describe('what no recipe makes', () => {
  it.each<[string, Preparation]>([
    ['a server without a name', { request: { names: [] } }],
    [
      'an authority whose name is too long',
      { recipe: recipes.issuingAuthority, request: { commonName: 'a'.repeat(65) } },
    ],
  ])('%s is stopped by the lint', (_, preparation) => {
    expect(refusalOf(() => prepare(preparation)).code).toBe('serverInternal');
  });
});
