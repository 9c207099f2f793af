/** Chains that were made elsewhere: what is put in force, and one flaw at a time of what is not. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaError } from '../../../src/domain/errors.ts';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { basicConstraints, keyUsage, subjectKeyIdentifier } from '../../../src/domain/x509/extensions.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import {
  type CorporateCa,
  dnsConstraints,
  inhibitAnyPolicy,
  makeCorporateCa,
  pemOf,
  requireExplicitPolicy,
  signingAs,
  unknownCritical,
} from '../../support/external-chain.ts';
import { rawProfile } from '../../support/policy-builders.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import type { TestCertificate } from '../../support/test-hierarchy.ts';

const folder = suiteFolder();
const home = folder('data');
let service: TestService;
let now: number;
/** Of an authority that nothing comes of. */
let anyCsr: Uint8Array;
beforeAll(async () => {
  service = await firstRunService({ home });
  now = Math.floor(service.clock.now() / 1000);
  anyCsr = (await waiting()).csrDer;
});
afterAll(() => service.close());

const day = 86_400;
const hours = { minimum: 3600, default: 3600, maximum: 7200 };
const sha256Of = ({ der }: Pick<TestCertificate, 'der'>): string => createHash('sha256').update(der).digest('hex');

let environments = 0;
/** An environment of its own that waits for its certificate, with a product that may be named `*.corp.example`. */
async function waiting() {
  environments += 1;
  const environment = `corp-${environments}`;
  await service.services.createEnvironment(admin, { name: environment, hierarchy: 'external' });
  const input = { environment, name: 'product-a', nameRules: ['.corp.example'] };
  await service.services.createProduct(admin, input);
  const name = `${environment}-issuing`;
  const detail = await service.services.describeAuthority(name);
  if (detail.kind !== 'own' || !detail.csrDer) throw new Error('there is no CSR');
  return { environment, name, csrDer: detail.csrDer };
}

/** The codes of all reasons, with their fields, of an import that is refused. */
async function flawsOf(name: string, chainPem: string, rest: object = {}): Promise<string[]> {
  const error = (await rejectionOf(service.services.importAuthority(admin, name, { chainPem, ...rest }))) as CaError;
  return error.reasons.map(({ code, field }) => `${code} ${field}`);
}

/** What is wrong with a chain that is right but for what `make` does; nothing is left behind. */
async function flawsOfChain(
  make: (csrDer: Uint8Array) => { readonly ca: CorporateCa; readonly own: TestCertificate },
): Promise<string[]> {
  const { name, csrDer } = await waiting();
  const { ca, own } = make(csrDer);
  const flaws = await flawsOf(name, pemOf(own, ca.intermediate, ca.root), { rootSha256: sha256Of(ca.root) });
  expect(await service.services.describeAuthority(name)).toMatchObject({ inForce: null });
  return flaws;
}

/** Of an issuing authority whose issuer chose the identifier of its key. */
const ownExtensions = (keyIdentifier: Uint8Array): Uint8Array[] => [
  basicConstraints({ ca: true, pathLen: 0 }),
  keyUsage(['keyCertSign', 'cRLSign']),
  subjectKeyIdentifier(keyIdentifier),
];

describe('a chain that is good', () => {
  it('is put in force, and carried by chains, bundles and addresses from then on', async () => {
    const { environment, name, csrDer } = await waiting();
    const ca = makeCorporateCa(now);
    const own = ca.sign(csrDer);
    const chainPem = pemOf(own, ca.intermediate, ca.root);
    const detail = await service.services.importAuthority(admin, name, { chainPem, rootSha256: sha256Of(ca.root) });
    expect(detail.inForce?.certificate).toMatchObject({ purpose: 'authority', owner: name, state: 'issued' });
    expect(detail.authority.parent).toBe(`${environment}-external-intermediate`);
    const external = (await service.services.listExternalAuthorities()).filter(
      ({ external: { environment: of } }) => of === environment,
    );
    expect(external.map(({ external: { name: known, parent } }) => [known, parent])).toEqual([
      [`${environment}-external-intermediate`, `${environment}-external-root`],
      [`${environment}-external-root`, `${environment}-external-root`],
    ]);
    const [root] = await service.services.trustBundle(environment);
    expect(Buffer.compare(root!, ca.root.der)).toBe(0);

    const { secret } = await service.services.createToken(admin, {
      product: `${environment}/product-a`,
      uses: null,
      lifetimeSeconds: day,
    });
    const caller = await service.services.authenticateToken(secret);
    const csr = buildCsr({ key: makeSigningKey(), names: ['a.corp.example'], subject: new Uint8Array([0x30, 0]) });
    const view = await certified(service, caller, { csrDer: csr });
    expect(view.chainDer.map((der) => Buffer.from(der))).toEqual([
      Buffer.from(own.der),
      Buffer.from(ca.intermediate.der),
    ]);
    expect(Buffer.compare(parseCertificate(view.der).issuer.der, own.subjectDer)).toBe(0);
    const filed = await service.services.readCertificate(admin, detail.inForce!.certificate.serial);
    expect(filed.chainDer.map((der) => Buffer.from(der))).toEqual([Buffer.from(ca.intermediate.der)]);
  });

  it('is waited for by whoever asks for a certificate before', async () => {
    const { environment } = await waiting();
    const wanted = { product: `${environment}/product-a`, uses: 1, lifetimeSeconds: day };
    const caller = await service.services.authenticateToken((await service.services.createToken(admin, wanted)).secret);
    const csrDer = buildCsr({ key: makeSigningKey(), names: ['a.corp.example'], subject: new Uint8Array([0x30, 0]) });
    const refusal = (await rejectionOf(service.services.submitRequest(caller, { csrDer }))) as CaError;
    expect([refusal.code, refusal.retryAfterSeconds]).toEqual(['signerUnavailable', 60]);
  });

  it('may hold back policies, mappings and anyPolicy, critically: what is issued below it has none', async () => {
    const { name, csrDer } = await waiting();
    const ca = makeCorporateCa(now, { root: { more: [requireExplicitPolicy(4)] } });
    const own = ca.sign(csrDer, { more: [inhibitAnyPolicy()] });
    const chainPem = pemOf(own, ca.intermediate, ca.root);
    const detail = await service.services.importAuthority(admin, name, { chainPem, rootSha256: sha256Of(ca.root) });
    expect(detail.inForce?.certificate).toMatchObject({ owner: name, state: 'issued' });
  });

  it('is found again by the next start', async () => {
    const { name, csrDer } = await waiting();
    const ca = makeCorporateCa(now);
    await service.services.importAuthority(admin, name, {
      chainPem: pemOf(ca.sign(csrDer), ca.intermediate),
      rootPem: ca.root.pem,
    });
    await service.close();
    service = await openService({ home });
    await service.ensureFirstRun();
    expect((await service.services.authority(name)).certificate.subject).toBe('CN=Corp services');
    expect(await service.services.crl(name)).toMatchObject({ crlNumber: expect.any(BigInt) });
  });

  it('may leave out what was imported before, and may be imported again', async () => {
    const { environment, name, csrDer } = await waiting();
    const ca = makeCorporateCa(now);
    const first = ca.sign(csrDer);
    await service.services.importAuthority(admin, name, {
      chainPem: pemOf(first, ca.intermediate),
      rootPem: ca.root.pem,
    });
    await service.services.importAuthority(admin, name, { chainPem: first.pem });
    const longer = ca.sign(csrDer, { days: 1000 });
    const { inForce } = await service.services.importAuthority(admin, name, { chainPem: longer.pem });
    expect(Buffer.compare(inForce!.certificateDer, longer.der)).toBe(0);
    const external = await service.inventory.externalAuthorities();
    expect(external.filter((each) => each.environment === environment)).toHaveLength(2);
    expect(await flawsOf(name, first.pem)).toEqual(['endsBeforeOneInForce chain[0]']);
  });

  it('that renews one keeps its names, by which everything below finds it', async () => {
    const { name, csrDer } = await waiting();
    const ca = makeCorporateCa(now);
    const chainOf = (own: TestCertificate): string => pemOf(own, ca.intermediate);
    await service.services.importAuthority(admin, name, { chainPem: chainOf(ca.sign(csrDer)), rootPem: ca.root.pem });
    const flaw = ['namedOtherThanOneInForce chain[0]'];
    expect(await flawsOf(name, chainOf(ca.sign(csrDer, { days: 1000, commonName: 'Corp services 2' })))).toEqual(flaw);
    const identified = ca.sign(csrDer, { days: 1000, override: { extensions: ownExtensions(Buffer.alloc(20, 7)) } });
    expect(await flawsOf(name, chainOf(identified))).toEqual(flaw);
  });

  it('is completed by the issuer whose key signed it, where two have one name', async () => {
    const { name, csrDer } = await waiting();
    const [first, second] = [makeCorporateCa(now), makeCorporateCa(now)];
    for (const { sign, intermediate, root } of [first, second]) {
      const chainPem = pemOf(sign(csrDer), intermediate);
      await service.services.importAuthority(admin, name, { chainPem, rootPem: root.pem });
    }
    for (const [days, { sign }] of [
      [1000, second],
      [1001, first],
    ] as const) {
      const own = sign(csrDer, { days });
      const { inForce } = await service.services.importAuthority(admin, name, { chainPem: own.pem });
      expect(Buffer.compare(inForce!.certificateDer, own.der)).toBe(0);
    }
  });

  it('has a serial of any length, and one that is taken is refused', async () => {
    const [one, two] = [await waiting(), await waiting()];
    const [first, second] = [makeCorporateCa(now), makeCorporateCa(now)];
    const short = { override: { serial: '1000' } };
    const { inForce } = await service.services.importAuthority(admin, one.name, {
      chainPem: pemOf(first.sign(one.csrDer, short), first.intermediate),
      rootPem: first.root.pem,
    });
    expect(inForce?.certificate.serial).toBe('1000'.padStart(40, '0'));
    const again = { chainPem: pemOf(second.sign(two.csrDer, short), second.intermediate), rootPem: second.root.pem };
    expect(await codeOf(service.services.importAuthority(admin, two.name, again))).toBe('conflict');
  });

  it('may admit no more than what its own profiles are for, and holds those to it that come or change later', async () => {
    const { environment } = await waiting();
    const name = `${environment}-servers`;
    const { csrDer } = await service.services.requestAuthority(admin, { name, environment });
    const ca = makeCorporateCa(now);
    const chainPem = pemOf(ca.sign(csrDer!, { extKeyUsage: ['serverAuth'] }), ca.intermediate, ca.root);
    const importIt = () => service.services.importAuthority(admin, name, { chainPem, rootSha256: sha256Of(ca.root) });
    expect((await importIt()).inForce).not.toBeNull();
    const profile = rawProfile({ name: 'servers', authority: name, lifetimeSeconds: hours });
    await service.services.createProfile(admin, { environment, ...profile });
    expect((await importIt()).inForce).not.toBeNull();
    const peer = { authority: name, lifetimeSeconds: hours, extendedKeyUsage: ['serverAuth', 'clientAuth'] };
    const { name: _, ...changed } = { name, ...rawProfile(peer), version: 1 };
    const refused = [
      service.services.createProfile(admin, { environment, ...rawProfile({ ...peer, name: 'peers' }) }),
      service.services.changeProfile(admin, environment, 'servers', changed),
    ];
    for (const call of refused) {
      const { reasons } = (await rejectionOf(call)) as CaError;
      expect(reasons).toMatchObject([
        { code: 'extendedKeyUsageTooNarrow', field: 'extendedKeyUsage', value: 'clientAuth' },
      ]);
    }
  });

  it('is what a profile waits for that would be signed below it', async () => {
    const { environment } = await waiting();
    const call = service.services.createProfile(admin, { environment, ...rawProfile() });
    const { reasons } = (await rejectionOf(call)) as CaError;
    expect(reasons).toMatchObject([{ field: 'authority', value: `"${environment}-issuing"` }]);
  });

  it('may have a root without keyUsage, as `openssl req -x509` makes them', async () => {
    const { name, csrDer } = await waiting();
    const ca = makeCorporateCa(now, { root: { override: { extensions: [basicConstraints({ ca: true })] } } });
    const input = { chainPem: pemOf(ca.sign(csrDer), ca.intermediate), rootPem: ca.root.pem };
    expect((await service.services.importAuthority(admin, name, input)).inForce?.certificate.subject).toBe(
      'CN=Corp services',
    );
  });

  it('constrains the names of products that come or change later', async () => {
    const { environment, name, csrDer } = await waiting();
    const ca = makeCorporateCa(now, { intermediate: { more: [dnsConstraints({ permitted: ['corp.example'] })] } });
    const input = { chainPem: pemOf(ca.sign(csrDer), ca.intermediate), rootPem: ca.root.pem };
    await service.services.importAuthority(admin, name, input);
    const nameRules = ['a.corp.example', 'a.other.example'];
    await service.services.createProduct(admin, { environment, name: 'later', nameRules });
    const wanted = { product: `${environment}/later`, uses: null, lifetimeSeconds: day };
    const caller = await service.services.authenticateToken((await service.services.createToken(admin, wanted)).secret);
    const request = (names: string[]) =>
      certified(service, caller, {
        csrDer: buildCsr({ key: makeSigningKey(), names, subject: new Uint8Array([0x30, 0]) }),
      });
    expect((await request(['a.corp.example'])).record.state).toBe('issued');
    const { reasons } = (await rejectionOf(request(['a.corp.example', 'a.other.example']))) as CaError;
    expect(reasons).toMatchObject([{ code: 'nameConstraintViolated', value: 'a.other.example' }]);
  });

  it('bounds what is issued below it', async () => {
    const { environment, name, csrDer } = await waiting();
    const ca = makeCorporateCa(now);
    const own = ca.sign(csrDer, { days: 2 });
    await service.services.importAuthority(admin, name, {
      chainPem: pemOf(own, ca.intermediate),
      rootPem: ca.root.pem,
    });
    const { secret } = await service.services.createToken(admin, {
      product: `${environment}/product-a`,
      uses: null,
      lifetimeSeconds: day,
    });
    const caller = await service.services.authenticateToken(secret);
    const csr = buildCsr({ key: makeSigningKey(), names: ['a.corp.example'], subject: new Uint8Array([0x30, 0]) });
    const { record } = await certified(service, caller, { csrDer: csr });
    expect(record.notAfter).toBe(parseCertificate(own.der).notAfter);
    const asked = service.services.submitRequest(caller, { csrDer: csr, lifetimeSeconds: 5 * day });
    expect(((await rejectionOf(asked)) as CaError).reasons.map(({ code }) => code)).toContain('outlivesIssuer');
  });
});

describe('a root', () => {
  it('is trusted only when somebody answers for it', async () => {
    const { name, csrDer } = await waiting();
    const ca = makeCorporateCa(now);
    const whole = pemOf(ca.sign(csrDer), ca.intermediate, ca.root);
    const error = (await rejectionOf(service.services.importAuthority(admin, name, { chainPem: whole }))) as CaError;
    expect(error.reasons).toMatchObject([{ code: 'rootNotConfirmed', field: 'chain[2]', value: sha256Of(ca.root) }]);
    const other = makeCorporateCa(now).root;
    expect(await flawsOf(name, whole, { rootPem: other.pem })).toEqual(['rootNotConfirmed chain[2]']);
    expect(await flawsOf(name, whole, { rootSha256: sha256Of(other) })).toEqual(['rootNotConfirmed chain[2]']);
  });

  it('must be there', async () => {
    const { name, csrDer } = await waiting();
    const ca = makeCorporateCa(now);
    expect(await flawsOf(name, pemOf(ca.sign(csrDer), ca.intermediate))).toEqual(['rootMissing chain[1]']);
  });
});

describe('a chain with a flaw', () => {
  const flawed: [string, (csrDer: Uint8Array) => { ca: CorporateCa; own: TestCertificate }, string[]][] = [
    [
      'for another key',
      () => signed(makeCorporateCa(now), { key: makeSigningKey() }),
      ['certificateForAnotherKey chain[0]'],
    ],
    [
      'of a certificate that is no authority',
      (csr) => signed(makeCorporateCa(now), { basicConstraints: { ca: false } }, csr),
      ['notCertificateAuthority chain[0]'],
    ],
    [
      'through a certificate that is no authority',
      (csr) => signed(makeCorporateCa(now, { intermediate: { basicConstraints: { ca: false } } }), {}, csr),
      ['notCertificateAuthority chain[1]'],
    ],
    [
      'without keyCertSign',
      (csr) => signed(makeCorporateCa(now), { keyUsage: ['digitalSignature', 'cRLSign'] }, csr),
      ['keyUsageMissing chain[0]'],
    ],
    [
      'without cRLSign',
      (csr) => signed(makeCorporateCa(now), { keyUsage: ['keyCertSign'] }, csr),
      ['keyUsageMissing chain[0]'],
    ],
    [
      'without any keyUsage',
      (csr) => {
        const ca = makeCorporateCa(now);
        const bare = [basicConstraints({ ca: true, pathLen: 0 }), subjectKeyIdentifier(new Uint8Array(20))];
        return signed(ca, { override: { extensions: bare } }, csr);
      },
      ['keyUsageMissing chain[0]'],
    ],
    [
      'of too many authorities',
      (csr) => signed(makeCorporateCa(now, { root: { basicConstraints: { ca: true, pathLen: 0 } } }), {}, csr),
      ['pathLengthExceeded chain[2]'],
    ],
    [
      'that has expired',
      (csr) => signed(makeCorporateCa(now), { override: { notAfter: now - 60 } }, csr),
      ['chainExpired chain[0]'],
    ],
    [
      'that is not valid yet',
      (csr) => signed(makeCorporateCa(now), { override: { notBefore: now + 60 } }, csr),
      ['chainNotYetValid chain[0]'],
    ],
    [
      'that outlives its issuer',
      (csr) => signed(makeCorporateCa(now), { days: 5000 }, csr),
      ['outlivesIssuer chain[0]'],
    ],
    [
      'that begins before its issuer',
      (csr) => signed(makeCorporateCa(now), { override: { notBefore: now - 2 * day } }, csr),
      ['startsBeforeIssuer chain[0]'],
    ],
    [
      'that another key signed',
      (csr) => signed(makeCorporateCa(now), {}, csr, (ca) => ({ ...ca.intermediate, key: makeSigningKey() })),
      ['chainSignature chain[0]'],
    ],
    [
      'whose issuer has another identifier',
      (csr) =>
        signed(makeCorporateCa(now), {}, csr, (ca) => ({
          ...ca.intermediate,
          subjectKeyIdentifier: new Uint8Array(20),
        })),
      ['keyIdentifierMismatch chain[0]'],
    ],
    [
      'signed with SHA-1',
      (csr) =>
        signed(makeCorporateCa(now), {}, csr, (ca) => ({
          ...ca.intermediate,
          key: signingAs(ca.intermediate.key, '1.2.840.10045.4.1'),
        })),
      ['weakSignatureAlgorithm chain[0]'],
    ],
    [
      'with a critical extension that nobody knows',
      (csr) => signed(makeCorporateCa(now), { more: [unknownCritical()] }, csr),
      ['unknownCriticalExtension chain[0]'],
    ],
    [
      'that demands policies of what is issued below',
      (csr) => signed(makeCorporateCa(now, { intermediate: { more: [requireExplicitPolicy(2)] } }), {}, csr),
      ['explicitPolicyRequired chain[1]'],
    ],
    [
      'that may not name what products may',
      (csr) => signed(makeCorporateCa(now), { more: [dnsConstraints({ permitted: ['other.example'] })] }, csr),
      ['nameConstraintViolated chain[0]'],
    ],
    [
      'that excludes what products may name',
      (csr) =>
        signed(
          makeCorporateCa(now, { intermediate: { more: [dnsConstraints({ excluded: ['a.corp.example'] })] } }),
          {},
          csr,
        ),
      ['nameConstraintViolated chain[1]'],
    ],
    [
      'for servers only',
      (csr) => signed(makeCorporateCa(now), { extKeyUsage: ['serverAuth'] }, csr),
      ['extendedKeyUsageTooNarrow chain[0]'],
    ],
  ];

  /** What `ca` signs, by the intermediate or by what `by` makes of it. */
  function signed(
    ca: CorporateCa,
    options: Parameters<CorporateCa['sign']>[1],
    csrDer?: Uint8Array,
    by: (ca: CorporateCa) => TestCertificate = ({ intermediate }) => intermediate,
  ) {
    return { ca, own: ca.sign(csrDer ?? anyCsr, { issuer: by(ca), ...options }) };
  }
  it.each(flawed)('%s is refused', async (_flaw, make, reasons) => {
    expect(await flawsOfChain(make)).toEqual(reasons);
  });

  it('in a wrong order is refused', async () => {
    const { name, csrDer } = await waiting();
    const ca = makeCorporateCa(now);
    const own = ca.sign(csrDer);
    const flaws = await flawsOf(name, pemOf(own, ca.root, ca.intermediate), { rootPem: ca.root.pem });
    expect(flaws).toContain('chainOrder chain[0]');
    expect(await flawsOf(name, pemOf(ca.intermediate, own), { rootPem: ca.root.pem })).toContain(
      'certificateForAnotherKey chain[0]',
    );
  });

  it('of several is told all of them at once', async () => {
    const flaws = await flawsOfChain((csrDer) => {
      const ca = makeCorporateCa(now, { root: { keyUsage: ['keyCertSign'] } });
      return {
        ca,
        own: ca.sign(csrDer, { basicConstraints: { ca: false }, keyUsage: ['digitalSignature'], days: 5000 }),
      };
    });
    expect(flaws.toSorted()).toEqual([
      'keyUsageMissing chain[0]',
      'keyUsageMissing chain[2]',
      'notCertificateAuthority chain[0]',
      'outlivesIssuer chain[0]',
    ]);
  });

  it('that cannot be read is refused for that alone', async () => {
    const { name, csrDer } = await waiting();
    const ca = makeCorporateCa(now);
    const broken = '-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n';
    expect(await flawsOf(name, ca.sign(csrDer).pem + broken)).toEqual(['badCertificate chain[1]']);
    expect(await flawsOf(name, 'no PEM')).toEqual(['notPem undefined']);
    const tooMany = pemOf(...Array.from({ length: 9 }, () => ca.root));
    expect(await flawsOf(name, tooMany)).toEqual(['chainTooLong chain']);
  });
});

it('an authority that is signed here takes no import', async () => {
  const ca = makeCorporateCa(now);
  const attempt = (name: string) => service.services.importAuthority(admin, name, { chainPem: ca.root.pem });
  expect(await codeOf(attempt('dev-issuing'))).toBe('conflict');
  expect(await codeOf(attempt('nobody'))).toBe('notFound');
});
