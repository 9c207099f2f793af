import { describe, expect, it } from 'vitest';
import { describeExtensions } from '../../../src/domain/policy/describe-tbs.ts';
import { makeIssuer, prepare } from '../../support/policy-builders.ts';

describe('describeExtensions', () => {
  it('tells every extension of what would be signed, in its order', () => {
    const names = ['demo.dev.internal', '10.0.0.1', 'spiffe://dev/demo', 'a@dev.internal'];
    const { tbs } = prepare({ csr: { names }, profile: { subject: { commonName: 'none' } } });
    const told = describeExtensions(tbs).map(({ name, critical, values }) => [name, critical, ...values]);
    expect(told).toEqual([
      ['basicConstraints', true, 'CA:FALSE'],
      ['keyUsage', true, 'digitalSignature'],
      ['extKeyUsage', false, 'serverAuth'],
      ['subjectKeyIdentifier', false, expect.stringMatching(/^[0-9a-f]{40}$/)],
      ['authorityKeyIdentifier', false, '07'.repeat(20)],
      ['subjectAltName', true, 'dns:demo.dev.internal', 'ip:10.0.0.1', 'uri:spiffe://dev/demo', 'email:a@dev.internal'],
      ['cRLDistributionPoints', false, makeIssuer().urls.crl],
      ['authorityInfoAccess', false, `ocsp ${makeIssuer().urls.ocsp}`, `caIssuers ${makeIssuer().urls.aia}`],
    ]);
  });
});
