/** Authorities as the admin face shows and takes them. */
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { AuthorityDetailJson } from '../../../../src/api/authority.ts';
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
