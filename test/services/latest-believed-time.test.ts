/** A clock that was set back is not believed at the next start either, although the newest audit event is of that clock by then. */
import { afterEach, expect, it } from 'vitest';
import { defaultClockLimits } from '../../src/services/guard-clock.ts';
import { codeOf } from '../support/rejection.ts';
import { admin, firstRunService, openService, type TestService } from '../support/service-builder.ts';

import { suiteHomes } from '../support/suite-folder.ts';

const newHome = suiteHomes();
let service: TestService;
afterEach(() => service.close());

/** Each opening begins at one and the same time; the first run is left two days later. */
async function leftAhead(): Promise<string> {
  const home = newHome();
  service = await firstRunService({ home });
  service.pass(2 * 86_400);
  await event();
  await service.close();
  return home;
}

const event = () =>
  service.inventory.appendAudit({
    at: service.clock.now(),
    kind: 'service.started',
    actor: 'service',
    object: 'service',
  });

async function openAgain(home: string, acceptClock = false): Promise<void> {
  service = await openService({ home, settings: { clockLimits: { ...defaultClockLimits, acceptClock } } });
  await event();
}

const backUpInDays = async (home: string, days: number): Promise<void> => {
  await openAgain(home, true);
  service.pass(days * 86_400);
  await event();
  await service.close();
};

it('stays unbelieved, start after start', async () => {
  const home = await leftAhead();
  for (let start = 1; start <= 3; start++) {
    if (start > 1) await service.close();
    await openAgain(home);
    expect(service.clock.problem(), `start ${start}`).toContain('PRIVYSEAL_ACCEPT_CLOCK=true');
    const wanted = { name: 'staging', hierarchy: 'two-tier' } as const;
    expect(await codeOf(service.services.createEnvironment(admin, wanted)), `start ${start}`).toBe('clockUnsafe');
  }
});

it('is believed from the start on at which an operator says that it is right', async () => {
  const home = await leftAhead();
  await openAgain(home);
  await service.close();
  await openAgain(home, true);
  expect(service.clock.problem()).toBeUndefined();
  await service.close();
  await openAgain(home);
  expect(service.clock.problem()).toBeUndefined();
});

it('is measured by what was believed last', async () => {
  const home = await leftAhead();
  await openAgain(home);
  await service.close();
  await backUpInDays(home, 1);
  await openAgain(home);
  expect(service.clock.problem()).toContain('is behind the newest audit event, 2026-06-02');
});
