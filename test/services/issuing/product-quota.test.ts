/** So many certificates a day and product: over the real inventory, around midnight. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaError } from '../../../src/domain/errors.ts';
import type { Caller } from '../../../src/services/caller.ts';
import { certified, rotated } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const settings = { productCertificatesPerDay: 2 };
let service: TestService;
beforeAll(async () => {
  // At noon, UTC.
  service = await firstRunService({ home: folder('data'), settings });
});
afterAll(() => service.close());

const input = () => ({ csrDer: buildCsr({ key: makeSigningKey() }) });
const submit = async () => certified(service, await demoToken(service), input());

describe('the daily quota of a product', () => {
  it('refuses what is beyond it until midnight, whichever token asks', async () => {
    await submit();
    await submit();
    const refused = (await rejectionOf(submit())) as CaError;
    expect([refused.code, refused.retryAfterSeconds]).toEqual(['rateLimited', 12 * 3600]);
    service.pass(12 * 3600 - 1);
    expect(((await rejectionOf(submit())) as CaError).retryAfterSeconds).toBe(1);
    service.pass(1);
    await submit();
  });

  it('counts rotations and refuses none', async () => {
    const { record } = await submit();
    let serial = record.serial;
    for (let rotations = 0; rotations < 3; rotations++) {
      const caller: Caller = { kind: 'product', product: 'dev/demo', serial };
      serial = (await rotated(service, caller, serial, input())).record.serial;
    }
    expect(((await rejectionOf(submit())) as CaError).code).toBe('rateLimited');
  });

  it('takes nothing from a token that is refused for it', async () => {
    const token = await demoToken(service, { usesLeft: 1 });
    await rejectionOf(certified(service, token, input()));
    const { tokenId } = token as Extract<Caller, { kind: 'token' }>;
    expect((await service.inventory.token(tokenId))?.usesLeft).toBe(1);
  });
});
