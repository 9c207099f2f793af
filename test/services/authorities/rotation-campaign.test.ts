/** The campaign by which what an old generation issued is rotated: until when, and that there is none for nobody. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeKeyRequest } from '../../support/key-request.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteHomes } from '../../support/suite-folder.ts';

const newHome = suiteHomes();
const day = 86_400;
let service: TestService;
beforeEach(async () => {
  service = await firstRunService({ home: newHome() });
});
afterEach(() => service.close());

const issue = async () => service.services.submitRequest(await demoToken(service), { csrDer: makeKeyRequest().csrDer });
const nowSeconds = (): number => Math.floor(service.clock.now() / 1000);

/** Takes the steps that end in `retiring`; resolves to when its campaign ends, null without one. */
async function retiring(rotateBy?: number): Promise<number | null> {
  await service.services.startRotation(admin, 'dev-issuing', {});
  const input = { reason: 'a drill', ...(rotateBy !== undefined && { rotateBy }) };
  for (const state of ['trusted', 'issuing', 'retiring']) {
    const { rotation } = await service.services.advanceRotation(admin, 'dev-issuing', input);
    expect(rotation.state).toBe(state);
  }
  const { rotation } = await service.services.readRotation('dev-issuing');
  if (rotation.campaign === null) return null;
  return (await service.services.readCampaign(rotation.campaign)).campaign.rotateBy;
}

it('has thirty days where nobody says another time', async () => {
  await issue();
  expect(await retiring()).toBe(nowSeconds() + 30 * day);
});

it('ends when it was said to', async () => {
  await issue();
  const rotateBy = nowSeconds() + 3 * day;
  expect(await retiring(rotateBy)).toBe(rotateBy);
});

it('ends with the certificate of the old generation at the latest', async () => {
  const { notAfter } = (await service.services.authority('dev-issuing')).certificate;
  service.pass(notAfter - nowSeconds() - 40 * day);
  await service.housekeep();
  await issue();
  service.pass(20 * day);
  await service.housekeep();
  expect(await retiring()).toBe(notAfter);
});

it('is not started where nothing was issued', async () => {
  expect(await retiring()).toBeNull();
  expect(await service.inventory.campaignsUnderWay()).toEqual([]);
});

it.each<[string, number | undefined, number]>([
  ['where nobody says another time', undefined, 1],
  ['where it is to end later', 6, 1],
  ['but not where it is to end sooner', 4, 2],
])('is the one that is under way for the same certificates already %s', async (_when, days, campaigns) => {
  await issue();
  const issuer = (await service.services.authority('dev-issuing')).certificate.serial;
  const underWay = nowSeconds() + 5 * day;
  const rotateBy = new Date(underWay * 1000).toISOString();
  await service.services.startCampaign(admin, { filter: { issuer }, rotateBy });
  const wanted = days === undefined ? undefined : nowSeconds() + days * day;
  expect(await retiring(wanted)).toBe(Math.min(underWay, wanted ?? underWay));
  expect(await service.inventory.campaignsUnderWay()).toHaveLength(campaigns);
});
