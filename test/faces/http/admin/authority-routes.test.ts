/** Authorities as the admin face shows and takes them. */
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { AuthorityDetailJson } from '../../../../src/api/authority.ts';
import { CrlJson } from '../../../../src/api/service.ts';
import { CaError } from '../../../../src/domain/errors.ts';
import { parseCertificate } from '../../../../src/domain/x509/certificate.ts';
import { openAdmin } from '../../../support/open-admin.ts';
import { hierarchy, makeServices } from '../../../support/services-double.ts';

describe('GET /v1/authorities/:name', () => {
  it('says where the key is, and what is in force', async () => {
    const { send } = await openAdmin({}, 'auditor');
    const answer = await send('GET', '/v1/authorities/dev-root');
    expect([answer.status, Value.Check(AuthorityDetailJson, answer.json)]).toEqual([200, true]);
    expect(answer.json).toMatchObject({ state: 'active', vault: 'file', certificate: { name: 'dev-root' } });
  });

  it('says of one that is elsewhere who it is, and that nothing of it is here', async () => {
    const { root } = hierarchy;
    const importedAt = Date.UTC(2026, 10, 21, 7);
    const { send } = await openAdmin({
      describeAuthority: async (name) => ({
        kind: 'external',
        external: {
          ...{ name, environment: 'corp', parent: name, certificateDer: root.der, sha256: 'ab'.repeat(32), importedAt },
        },
        parsed: parseCertificate(root.der),
        crl: null,
      }),
    });
    const { json } = await send('GET', '/v1/authorities/corp-root');
    expect(Value.Check(AuthorityDetailJson, json)).toBe(true);
    expect(json).toMatchObject({
      ...{ name: 'corp-root', role: 'external', environment: 'corp', parent: 'corp-root', state: 'external' },
      ...{ vault: null, vaultKey: null, csr: null, stopped: null, coming: null, keyType: 'ec-p256' },
      createdAt: '2026-11-21T07:00:00.000Z',
      certificate: { name: 'corp-root', subject: 'CN=Test Root', generation: 1, phase: 'inForce' },
    });
  });

  it('says which generation is coming, and why the one in force is stopped', async () => {
    const [inForce] = await makeServices().services.listAuthorities();
    const coming = { ...inForce!, id: 'dev-root.2', generation: { ...inForce!.generation, number: 2 } };
    const { send } = await openAdmin({
      describeAuthority: async () => ({
        ...{ kind: 'own', authority: inForce!.authority, inForce: inForce!, coming, csrDer: null, stopped: 'lost' },
      }),
    });
    const { json } = await send('GET', '/v1/authorities/dev-root');
    expect(Value.Check(AuthorityDetailJson, json)).toBe(true);
    expect(json).toMatchObject({ stopped: 'lost', coming: { name: 'dev-root.2', generation: 2 } });
  });

  it('does not know a name that is none', async () => {
    const { send } = await openAdmin();
    expect((await send('GET', '/v1/authorities/nobody')).status).toBe(404);
  });
});

describe('POST /v1/authorities', () => {
  it('makes one that is to be signed elsewhere, and gives its CSR', async () => {
    const { send, calls } = await openAdmin();
    const body = { name: 'corp-issuing', environment: 'corp', keyType: 'ec-p384' };
    const answer = await send('POST', '/v1/authorities', {}, body);
    expect([answer.status, answer.headers.location]).toEqual([201, '/v1/authorities/corp-issuing']);
    expect(Value.Check(AuthorityDetailJson, answer.json)).toBe(true);
    expect(answer.json).toMatchObject({ state: 'waiting', csr: expect.stringContaining('CERTIFICATE REQUEST') });
    expect(calls.find(({ name }) => name === 'requestAuthority')?.args[1]).toEqual(body);
  });

  it.each([{ name: 'Corp' }, { environment: undefined }, { keyType: 'rsa-1024' }, { surprise: 1 }])(
    'refuses %j',
    async (wrong) => {
      const { send } = await openAdmin();
      const body = { name: 'corp-issuing', environment: 'corp', ...wrong };
      expect((await send('POST', '/v1/authorities', {}, body)).status).toBe(400);
    },
  );
});

describe('POST /v1/authorities/:name/import', () => {
  it('hands the chain on, and shows what is in force', async () => {
    const { send, calls } = await openAdmin();
    const body = { chain: 'PEM', root: 'PEM', rootSha256: 'ab'.repeat(32) };
    const answer = await send('POST', '/v1/authorities/dev-root/import', {}, body);
    expect([answer.status, Value.Check(AuthorityDetailJson, answer.json)]).toEqual([200, true]);
    const asked = calls.find(({ name }) => name === 'importAuthority')?.args.slice(1);
    expect(asked).toEqual(['dev-root', { chainPem: 'PEM', rootPem: 'PEM', rootSha256: 'ab'.repeat(32) }]);
  });

  it('tells every reason of a refusal', async () => {
    const reasons = [
      { code: 'chainExpired', message: 'It has expired.', field: 'chain[0]' },
      { code: 'weakSignatureAlgorithm', message: 'It is signed with SHA-1.', field: 'chain[1]' },
    ] as const;
    const { send } = await openAdmin({
      importAuthority: async () => {
        throw new CaError('policyRefused', 'Refused for 2 reasons.', { reasons });
      },
    });
    const answer = await send('POST', '/v1/authorities/dev-root/import', {}, { chain: 'PEM' });
    expect([answer.status, JSON.parse(answer.text).reasons]).toEqual([400, reasons]);
  });

  it.each([{ chain: '' }, { rootSha256: 'ab' }, { surprise: 1 }])('refuses %j', async (wrong) => {
    const { send } = await openAdmin();
    const answer = await send('POST', '/v1/authorities/dev-root/import', {}, { chain: 'PEM', ...wrong });
    expect(answer.status).toBe(400);
  });
});

describe('POST /v1/authorities/:name/import-crl', () => {
  it('takes a list longer than other bodies, and shows what is served', async () => {
    const { send, calls } = await openAdmin();
    const crl = 'x'.repeat(300_000);
    const answer = await send('POST', '/v1/authorities/dev-root/import-crl', {}, { crl });
    expect([answer.status, Value.Check(CrlJson, answer.json)]).toEqual([200, true]);
    expect(calls.find(({ name }) => name === 'importCrl')?.args.slice(1)).toEqual(['dev-root', crl]);
  });

  it('refuses a body without one', async () => {
    const { send } = await openAdmin();
    expect((await send('POST', '/v1/authorities/dev-root/import-crl', {}, {})).status).toBe(400);
  });
});
