/** Files that are given to other users: they follow the agent's file, and who is named there no more keeps no key. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const own = [process.geteuid!(), process.getegid!()];
const given = (owner?: string) => ({
  ...(owner !== undefined && { owner }),
  outputs: { 'key.pem': {}, 'cert.pem': {} },
});

// Only root gives files away.
describe.runIf(own[0] === 0)('files of a target', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service?.dispose());

  it.each([
    ['link', 'tls/current'],
    ['replace', 'tls'],
  ])(
    'in %s mode belong to whom the agent’s file names, and to the agent’s user once it names nobody',
    async (mode, folder) => {
      const { path } = temporaryFolder();
      const agent = rotatingAgent(service, path);
      for (const [owner, ids] of [
        ['7001:7002', [7001, 7002]],
        ['7001:7003', [7001, 7003]],
        [undefined, own],
      ] as const) {
        agent.rewrite({ files: { folder: 'tls', mode, ...given(owner) } });
        await agent.turn();
        const files = ['key.pem', 'cert.pem'].map((name) => statSync(join(path, folder, name)));
        expect(files.map(({ uid, gid }) => [uid, gid])).toEqual([ids, ids]);
      }
      expect(await agent.turn()).toMatchObject({ act: 'unchanged', status: { failures: 0 } });
    },
  );

  it('are taken from the owner of before in older sets, too: the key in use is in one of them', async () => {
    const agent = rotatingAgent(service, temporaryFolder().path);
    for (const owner of ['7001:7001', '7002:7002']) {
      agent.rewrite({ files: { folder: 'tls', ...given(owner) } });
      await agent.turn();
    }
    const [before, now] = agent.sets().map((set) => statSync(join(agent.files, 'sets', set, 'key.pem')));
    expect([before!.uid, before!.gid, before!.mode & 0o777, now!.uid]).toEqual([...own, 0o600, 7002]);
  });
});
