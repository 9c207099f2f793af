/** Revoking by showing the certificate, as the admin face takes and tells it. */
import { describe, expect, it } from 'vitest';
import { encodePem } from '../../../../src/domain/der/pem.ts';
import { openAdmin } from '../../../support/open-admin.ts';
import { hierarchy } from '../../../support/services-double.ts';

const certificate = encodePem('CERTIFICATE', hierarchy.leaf.der);

describe('POST /v1/revocations', () => {
  it('says what was revoked, and where that shows', async () => {
    const { send, calls } = await openAdmin({}, 'operator');
    const body = { certificate, reason: 'superseded', invalidityDate: '2026-10-31T12:00:00Z' };
    const { status, json } = await send('POST', '/v1/revocations', {}, body);
    expect([status, json]).toEqual([
      200,
      {
        serial: hierarchy.leaf.serial,
        subject: expect.any(String),
        issuer: 'dev-issuing',
        notAfter: expect.stringMatching(/Z$/),
        revocation: { at: '2026-11-01T00:00:00Z', reason: 'superseded' },
        recorded: false,
        links: {
          crl: expect.stringContaining('/crl/dev-issuing.crl'),
          ocsp: expect.stringContaining('/ocsp/dev-issuing'),
        },
      },
    ]);
    const { name, args } = calls.at(-1)!;
    const asked = { reason: 'superseded', invalidityDate: Date.UTC(2026, 9, 31, 12) / 1000 };
    expect([name, args]).toMatchObject(['revokeByCertificate', [{}, { serial: hierarchy.leaf.serial }, asked]]);
  });

  it.each([
    ['that is none', 'no certificate'],
    ['of two', certificate + certificate],
    ['cut short', certificate.slice(0, -100)],
  ])('refuses a certificate %s', async (_what, shown) => {
    const { send, calls } = await openAdmin();
    const { status, json } = await send('POST', '/v1/revocations', {}, { certificate: shown, reason: 'superseded' });
    expect([status, json.type, json.reasons]).toMatchObject([
      400,
      'https://privyseal.dev/problems/policyRefused',
      [{ code: 'badCertificate', field: 'certificate' }],
    ]);
    expect(calls.filter(({ name }) => name === 'revokeByCertificate')).toEqual([]);
  });

  it('refuses a reason that there is none of by its own type', async () => {
    const { send } = await openAdmin();
    const { status, json } = await send('POST', '/v1/revocations', {}, { certificate, reason: 'boredom' });
    expect([status, json.type]).toEqual([400, expect.stringMatching(/badRevocationReason$/)]);
  });
});
