/** Valid REST answers with one override, for tests of what reads them. */
import type { CertificateJson, CertificateSummary } from '../../src/api/certificate.ts';
import type { Problem } from '../../src/api/problem.ts';
import type { StatusJson } from '../../src/api/service.ts';

/** The frozen time of these answers, Unix milliseconds. */
export const answersNow = Date.UTC(2026, 10, 21, 7, 0, 0);

export function makeSummary(override: Partial<CertificateSummary> = {}): CertificateSummary {
  return {
    serial: '01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0',
    status: 'valid',
    purpose: 'product',
    environment: 'dev',
    product: 'dev/demo',
    productVersion: 1,
    authority: 'dev-issuing',
    profile: { name: 'server', version: 1 },
    subject: 'CN=demo.dev.internal',
    names: ['demo.dev.internal'],
    key: { type: 'ec-p256', sha256: 'ab'.repeat(32) },
    notBefore: '2026-11-21T06:55:00Z',
    notAfter: '2026-12-21T07:00:00Z',
    lifetimeSeconds: 30 * 86_400,
    requestedBy: 'token:demo',
    requestedAt: '2026-11-21T07:00:00.000Z',
    issuedAt: '2026-11-21T07:00:00.010Z',
    predecessor: null,
    successor: null,
    revocation: null,
    ...override,
  };
}

export function makeCertificateJson(override: Partial<CertificateJson> = {}): CertificateJson {
  return {
    ...makeSummary(),
    certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    chain: [],
    links: {
      self: '/v1/certificates/01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0',
      revoke: '/v1/certificates/01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0/revoke',
      crl: 'http://localhost:8080/crl/dev-issuing.crl',
      ocsp: 'http://localhost:8080/ocsp/dev-issuing',
      issuer: 'http://localhost:8080/aia/dev-issuing.cer',
      trustBundle: 'http://localhost:8080/v1/trust-bundles/dev',
    },
    ...override,
  };
}

export function makeProblem(override: Partial<Problem> = {}): Problem {
  return {
    type: 'https://privyseal.dev/problems/rejectedIdentifier',
    title: 'A name is not allowed',
    status: 400,
    detail: 'Refused for 2 reasons.',
    instance: 'req-7',
    reasons: [
      {
        code: 'nameNotAllowed',
        field: 'csr.subjectAltName[0]',
        value: 'a.example',
        message: 'dev/demo may not hold it.',
      },
      { code: 'tooManyNames', message: 'At most 100 names.' },
    ],
    ...override,
  };
}

export function makeStatus(override: Partial<StatusJson> = {}): StatusJson {
  return {
    version: '0.1.0',
    startedAt: '2026-11-21T06:00:00Z',
    readiness: {
      status: 'ready',
      parts: [
        { name: 'inventory', ready: true },
        { name: 'vault', ready: true },
      ],
    },
    counts: { certificates: 12, archived: 0, intents: 0, revoked: 2, auditEvents: 40 },
    reminders: [],
    authorities: [
      { name: 'system', notAfter: '2036-11-21T06:00:00Z', crl: null },
      {
        name: 'dev-issuing',
        notAfter: '2031-11-21T06:00:00Z',
        crl: { number: '7', thisUpdate: '2026-11-21T06:30:00Z', nextUpdate: '2026-11-22T06:30:00Z' },
      },
    ],
    ...override,
  };
}
