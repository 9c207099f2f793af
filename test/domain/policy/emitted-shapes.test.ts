import { randomBytes } from 'node:crypto';
import { describe, expect } from 'vitest';
import { encodePem } from '../../../src/domain/der/pem.ts';
import { builtinProfiles } from '../../../src/domain/policy/builtin-profiles.ts';
import type { IssuerFacts } from '../../../src/domain/policy/issuer-facts.ts';
import {
  compileProfile,
  type PreparedCertificate,
  prepareCertificate,
} from '../../../src/domain/policy/prepare-certificate.ts';
import {
  prepareServiceCertificate,
  recipes,
  type ServiceIssuer,
  type ServiceRecipe,
} from '../../../src/domain/policy/service-profiles.ts';
import type { Product } from '../../../src/domain/records/environment.ts';
import { parseCertificate } from '../../../src/domain/x509/certificate.ts';
import { parseCsr } from '../../../src/domain/x509/csr.ts';
import type { KeyType } from '../../../src/domain/x509/key-type.ts';
import { encodeName } from '../../../src/domain/x509/name.ts';
import { makeSerial } from '../../../src/domain/x509/serial.ts';
import { assembleSigned } from '../../../src/domain/x509/signed.ts';
import { unarguedFindings } from '../../support/argued-findings.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { itWith, run } from '../../support/judges.ts';
import { makeSigningKey, type SigningKey } from '../../support/signing-key.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { testNow } from '../../support/test-hierarchy.ts';

const request = () => ({ now: testNow, serial: makeSerial(testNow * 1000, randomBytes(16)) });
const sign = ({ tbs }: PreparedCertificate, key: SigningKey): Uint8Array =>
  assembleSigned(tbs, key.algorithm, key.sign(tbs));

/** A service certificate as the program makes it. */
function issue(
  recipe: ServiceRecipe,
  issuer: ServiceIssuer,
  keys: { own: SigningKey; issuer: SigningKey },
): Uint8Array {
  const named =
    recipe.purpose === 'server' ? { commonName: 'localhost', names: ['localhost', '127.0.0.1'] } : undefined;
  const subject = { commonName: `test ${recipe.name}`, names: [], spkiDer: keys.own.spkiDer, ...named };
  return sign(prepareServiceCertificate(recipe, issuer, { ...subject, ...request() }), keys.issuer);
}

function factsOf(authority: string, der: Uint8Array, { algorithm }: SigningKey): IssuerFacts {
  const { serial, subject, subjectKeyIdentifier, notBefore, notAfter } = parseCertificate(der);
  const base = 'http://ca.dev.internal:8080';
  return {
    authority,
    certificateSerial: serial,
    subjectDer: subject.der,
    subjectKeyIdentifier: subjectKeyIdentifier!,
    notBefore,
    notAfter,
    signatureAlgorithm: algorithm,
    urls: {
      crl: `${base}/crl/${authority}.crl`,
      ocsp: `${base}/ocsp/${authority}`,
      aia: `${base}/aia/${authority}.cer`,
    },
  };
}

function makeAuthorities(keyType: KeyType) {
  const rootKey = makeSigningKey(keyType);
  const issuingKey = makeSigningKey(keyType);
  const self = { self: { signatureAlgorithm: rootKey.algorithm } };
  const root = issue(recipes.rootAuthority, self, { own: rootKey, issuer: rootKey });
  const rootFacts = factsOf('dev-root', root, rootKey);
  const issuing = issue(recipes.issuingAuthority, rootFacts, { own: issuingKey, issuer: rootKey });
  return { root, rootKey, issuing, issuingKey, facts: factsOf('dev-issuing', issuing, issuingKey) };
}

const product: Product = {
  id: 'dev/demo',
  environment: 'dev',
  version: 1,
  nameRules: [
    { kind: 'exact', value: 'demo.dev.internal' },
    { kind: 'wildcard', value: 'demo.dev.internal' },
    { kind: 'ip', value: '10.0.0.0/8' },
    { kind: 'uri', value: 'spiffe://dev.internal/demo' },
    { kind: 'email', value: '@example.org' },
  ],
  profiles: ['server', 'client', 'peer'],
  contacts: [],
  alerts: 'all',
  createdAt: 0,
};

/** For each profile the sets of names that make a different certificate. */
const namesOf: Readonly<Record<string, readonly (readonly string[])[]>> = {
  server: [['demo.dev.internal'], ['*.demo.dev.internal', '10.0.0.1'], ['10.0.0.1'], ['spiffe://dev.internal/demo']],
  client: [['demo.dev.internal'], ['ops@example.org'], ['spiffe://dev.internal/demo']],
  peer: [['demo.dev.internal', '10.0.0.1', 'spiffe://dev.internal/demo']],
};
const subjectKeys: readonly KeyType[] = ['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'ed25519'];

function productCertificates(facts: IssuerFacts, issuingKey: SigningKey): Uint8Array[] {
  const keys = subjectKeys.map((type) => makeSigningKey(type));
  return builtinProfiles('dev', 'dev-issuing').flatMap((profile) => {
    const compiled = compileProfile(profile, facts);
    const nameSets = namesOf[profile.name]!;
    return nameSets.flatMap((names) =>
      keys.map((key) => {
        const csr = parseCsr(buildCsr({ key, names, subject: encodeName([]) }), () => false);
        return sign(prepareCertificate(compiled, { product, csr, names, ...request() }), issuingKey);
      }),
    );
  });
}

function serviceCertificates(keyType: KeyType): Uint8Array[] {
  const { root, issuing, issuingKey, facts } = makeAuthorities(keyType);
  const own = makeSigningKey();
  const leaves = [recipes.operator, recipes.server, recipes.ocspResponder, recipes.auditCheckpoint];
  const selfKey = makeSigningKey(keyType);
  const self = { self: { signatureAlgorithm: selfKey.algorithm } };
  const roots = [recipes.systemAuthority, recipes.soleAuthority];
  return [
    root,
    issuing,
    ...roots.map((recipe) => issue(recipe, self, { own: selfKey, issuer: selfKey })),
    ...leaves.map((recipe) => issue(recipe, facts, { own, issuer: issuingKey })),
  ];
}

describe('what policy prepares and an authority signs', () => {
  itWith('pkilint', 'has no finding of pkilint that nothing argues, for products', async () => {
    const { facts, issuingKey } = makeAuthorities('ec-p256');
    const certificates = productCertificates(facts, issuingKey);
    expect(certificates).toHaveLength(8 * subjectKeys.length);
    const findings = await unarguedFindings(certificates.map((bytes) => ({ kind: 'certificate', bytes })));
    expect([...new Set(findings.flat())]).toEqual([]);
  });

  itWith('pkilint', 'has no finding of pkilint that nothing argues, for the service itself', async () => {
    const certificates = (['ec-p256', 'rsa-2048', 'ed25519'] as const).flatMap(serviceCertificates);
    const findings = await unarguedFindings(certificates.map((bytes) => ({ kind: 'certificate', bytes })));
    expect([...new Set(findings.flat())]).toEqual([]);
  });

  itWith('openssl', 'is accepted by openssl, strictly, for every key and name', async () => {
    const { root, issuing, issuingKey, facts } = makeAuthorities('ec-p256');
    const folder = temporaryFolder();
    const pem = (der: Uint8Array) => encodePem('CERTIFICATE', der);
    const trust = [
      '-CAfile',
      folder.write('root.pem', pem(root)),
      '-untrusted',
      folder.write('issuing.pem', pem(issuing)),
    ];
    const files = productCertificates(facts, issuingKey).map((der, index) => folder.write(`${index}.pem`, pem(der)));
    const { code, stdout } = await run('openssl', [
      'verify',
      '-x509_strict',
      '-attime',
      `${testNow}`,
      ...trust,
      ...files,
    ]);
    expect(code).toBe(0);
    expect(stdout.toString().match(/: OK$/gm)).toHaveLength(files.length);
  });
});
