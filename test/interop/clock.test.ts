/** Bad input 53, with faketime: a clock that jumps, at run time or between runs, stops signing and says so. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { describeWith, itWith, run } from '../support/judges.ts';
import { type RunningService, serviceExit, startService, temporaryFolder } from '../support/running-service.ts';
import { submit } from '../support/submit.ts';

/** One answer serves everybody for a second. */
const readinessIsKept = { timeout: 3_000, interval: 100 };

describeWith('faketime', 'the service, when its clock', () => {
  let folder: string;
  let home: string;
  let preload: string;
  let service: RunningService | undefined;

  beforeAll(async () => {
    folder = temporaryFolder();
    home = join(folder, 'data');
    // Debian puts the library into a folder by architecture; faketime knows which.
    const asked = await run('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD']);
    preload = asked.stdout.toString().trim();
  });

  afterEach(() => service?.dispose());

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const readiness = async (): Promise<number> => (await service!.distribution('/readyz')).status;

  /** The wall clock is off by what the file says; timers and the monotonic clock stay true. */
  const fakedBy = (offset: string) => {
    const file = join(folder, 'offset');
    writeFileSync(file, offset);
    return {
      set: (text: string) => writeFileSync(file, text),
      env: {
        LD_PRELOAD: preload,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        DONT_FAKE_MONOTONIC: '1',
      },
    };
  };

  itWith('faketime', 'jumps while it runs, refuses to sign until the clock is right again', async () => {
    const clock = fakedBy('+0');
    service = await startService({ home, env: clock.env });
    expect(await submit(service)).toMatchObject({ status: 201 });
    for (const offset of ['-2h', '+400d']) {
      clock.set(offset);
      expect([offset, await submit(service)]).toMatchObject([offset, { status: 503, problem: 'clockUnsafe' }]);
      await expect.poll(readiness, readinessIsKept).toBe(503);
    }
    clock.set('+0');
    expect(await submit(service)).toMatchObject({ status: 201 });
    expect(await service.stop()).toMatchObject({ code: 0 });
  });

  itWith('faketime', 'was set back before the start, runs without signing and says why', async () => {
    // Also at the second start, when the newest audit event is of the clock that was set back.
    for (let start = 0; start < 2; start++) {
      service = await startService({ home, env: fakedBy('-2h').env, until: 'alive' });
      expect(await submit(service)).toMatchObject({ status: 503, problem: 'clockUnsafe' });
      expect(await readiness()).toBe(503);
      expect((await service.distribution('/readyz')).body.toString()).toContain('clock');
      expect(await service.stop()).toMatchObject({ code: 0 });
    }
  });

  itWith('faketime', 'is far ahead at the start, stops with a sentence, and believes it when told to', async () => {
    const { env } = fakedBy('+200d');
    const refused = await serviceExit({ home, env });
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('clockUnsafe');
    expect(refused.output).not.toMatch(/^\s+at /m);
    service = await startService({ home, env: { ...env, PRIVYSEAL_ACCEPT_CLOCK: 'true' } });
    expect(await readiness()).toBe(200);
  });
});
