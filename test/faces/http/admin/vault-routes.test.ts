/** Vaults as the admin face tells of them. */
import { describe, expect, it } from 'vitest';
import { openAdmin } from '../../../support/open-admin.ts';
import { goodKey } from '../../../support/services-double.ts';

describe('GET /v1/vaults', () => {
  it('says which there are', async () => {
    const { send } = await openAdmin({}, 'auditor');
    const { status, json } = await send('GET', '/v1/vaults');
    const items = [
      { name: 'file', configured: true, fault: null, takesNewAuthorities: true, authorities: ['dev-root'] },
    ];
    expect([status, json]).toEqual([200, { items, nextCursor: null }]);
  });

  it('takes no filter', async () => {
    const { send } = await openAdmin();
    expect((await send('GET', '/v1/vaults?name=file')).status).toBe(400);
  });
});

describe('POST /v1/vaults/{vault}/check', () => {
  it('says key by key what was found', async () => {
    const { send, calls } = await openAdmin();
    const { status, json } = await send('POST', '/v1/vaults/file/check');
    expect([status, json]).toEqual([
      200,
      { name: 'file', checkedAt: expect.any(String), fault: null, keys: [{ ...goodKey, verified: true }] },
    ]);
    expect(calls.at(-1)).toMatchObject({ name: 'checkVault', args: [{ name: 'the-admin' }, 'file'] });
  });

  it('answers 200 with the fault of a key that does not sign', async () => {
    const fault = { code: 'signerUnavailable', message: 'no' } as const;
    const checkVault = async () => ({ name: 'file', checkedAt: 0, fault: null, keys: [{ ...goodKey, fault }] });
    const { send } = await openAdmin({ checkVault });
    const { status, json } = await send('POST', '/v1/vaults/file/check');
    expect([status, json.keys]).toMatchObject([200, [{ verified: false, fault }]]);
  });

  it('does not know other vaults', async () => {
    const { send } = await openAdmin();
    expect((await send('POST', '/v1/vaults/other/check')).status).toBe(404);
  });
});
