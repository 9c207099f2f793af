/** Authorities as the admin face shows and takes them. */
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { AuthorityDetailJson } from '../../../../src/api/authority.ts';
import { CrlJson } from '../../../../src/api/service.ts';
import { CaError } from '../../../../src/domain/errors.ts';
import { openAdmin } from '../../../support/open-admin.ts';

describe('GET /v1/authorities/:name', () => {
  it('says where the key is, and what is in force', async () => {
    const { send } = await openAdmin({}, 'auditor');
    const answer = await send('GET', '/v1/authorities/dev-root');
    expect([answer.status, Value.Check(AuthorityDetailJson, answer.json)]).toEqual([200, true]);
    expect(answer.json).toMatchObject({ state: 'active', vault: 'file', certificate: { name: 'dev-root' } });
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
