/** While the clock is not to be believed, no authority is changed: each of its acts is dated, and most of them sign. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { codeOf } from '../../support/rejection.ts';
import { admin, firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
  await service.services.createEnvironment(admin, { name: 'corp', hierarchy: 'external' });
  await service.services.startRotation(admin, 'dev-root', {});
  service.jump(365 * 86_400);
});
afterAll(() => service.close());

const reason = 'a drill';

it.each<[string, (services: TestService['services']) => Promise<unknown>]>([
  ['starts a rotation', (services) => services.startRotation(admin, 'dev-issuing', {})],
  ['advances one', (services) => services.advanceRotation(admin, 'dev-root', { reason })],
  ['declares a compromise', (services) => services.declareCompromise(admin, 'dev-issuing', { reason })],
  ['imports a chain', (services) => services.importAuthority(admin, 'corp-issuing', { chainPem: 'none' })],
  ['imports a list', (services) => services.importCrl(admin, 'corp-external-root', 'none')],
])('nobody %s', async (_act, act) => {
  const { auditEvents } = await service.inventory.counts();
  expect(await codeOf(act(service.services))).toBe('clockUnsafe');
  expect((await service.inventory.counts()).auditEvents).toBe(auditEvents);
});
