/** A disk without room: what is in use stays, and is followed once there is room. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { itWithMount } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

itWithMount(
  'a target on a full disk keeps its files, asks for no second certificate, and rotates when there is room',
  async () => {
    const { path } = temporaryFolder();
    const disk = join(path, 'tls');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', disk]);
    onTestFinished(() => void execFileSync('umount', [disk]));
    const agent = rotatingAgent(service, path);
    await agent.turn();
    const [before, cert] = [agent.inUse(), agent.read('cert.pem')];
    const filler = join(disk, 'filler');
    const room = (): number => statfsSync(disk).bavail * statfsSync(disk).bsize;
    writeFileSync(filler, Buffer.alloc(room()));
    expect(await agent.turn({ force: true })).toMatchObject({ act: 'failed', code: 'diskFull' });
    expect([agent.inUse(), agent.read('cert.pem'), agent.sets()]).toEqual([
      before,
      cert,
      [before.slice('sets/'.length)],
    ]);
    expect((await agent.status()).lastError).toMatchObject({ code: 'diskFull' });
    rmSync(filler);
    expect((await agent.turn({ force: true })).act).toBe('rotated');
    expect(agent.read('cert.pem')).not.toBe(cert);
  },
);
