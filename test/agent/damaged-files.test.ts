/** What a target's turn makes of files that are not as the agent wrote them. */
import {
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSetStore } from '#src/agent/files/set-store.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

const agentFor = () => rotatingAgent(service, temporaryFolder().path);

describe('files that somebody has changed', () => {
  it.each([
    ['an emptied key', (set: string) => writeFileSync(join(set, 'key.pem'), '')],
    ['a certificate that is gone', (set: string) => rmSync(join(set, 'cert.pem'))],
    ['a set that is gone', (set: string) => rmSync(set, { recursive: true })],
    ['facts that say nothing', (set: string) => writeFileSync(join(set, 'set.json'), '{}')],
  ])('lead to a new certificate: %s', async (_what, damage) => {
    for (const mode of ['link', 'replace']) {
      const agent = agentFor();
      agent.rewrite({ files: { folder: agent.files, mode } });
      await agent.turn();
      const root = mode === 'link' ? agent.files : join(agent.files, '.privyseal');
      damage(realpathSync(join(root, 'current')));
      expect(await agent.turn({ dryRun: true })).toMatchObject({ act: 'enrolled' });
      const report = await agent.turn();
      expect(report).toMatchObject({ act: 'enrolled', detail: expect.stringContaining('damaged') });
      expect(await agent.turn()).toMatchObject({ act: 'unchanged' });
    }
  });

  it.each(['', 'null', '{"layout":'])(
    'keep no rotation from its end where they are those of an older set: set.json is %j',
    async (text) => {
      const agent = agentFor();
      await agent.turn();
      const first = realpathSync(join(agent.files, 'current'));
      writeFileSync(join(first, 'set.json'), text);
      expect(await agent.turn({ force: true })).toMatchObject({ act: 'enrolled' });
      expect(await agent.turn({ force: true })).toMatchObject({ act: 'rotated' });
      expect(await agent.turn()).toMatchObject({ act: 'unchanged' });
      expect(realpathSync(join(agent.files, 'current'))).not.toBe(first);
    },
  );

  it('lead back to the files as they were in replace mode, where the agent has a set of its own', async () => {
    const agent = agentFor();
    agent.rewrite({ files: { folder: agent.files, mode: 'replace' } });
    await agent.turn();
    const key = readFileSync(join(agent.files, 'key.pem'));
    rmSync(join(agent.files, 'key.pem'));
    expect(await agent.turn()).toMatchObject({ act: 'unchanged' });
    expect(readFileSync(join(agent.files, 'key.pem'))).toEqual(key);
  });

  it.each([
    ['crl.pem', 'no list'],
    ['crl.pem', '-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n'],
    ['trust.pem', 'no root'],
    ['trust.pem', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'],
  ])('are had again at the next turn, and keep no rotation from its end: %s', async (name, content) => {
    const agent = agentFor();
    await agent.turn();
    const before = agent.read(name);
    const damage = () => writeFileSync(join(agent.files, agent.inUse(), name), content);
    damage();
    expect(await agent.turn()).toMatchObject({ act: 'refreshed' });
    expect(agent.read(name)).toBe(before);
    damage();
    expect(await agent.turn({ force: true })).toMatchObject({ act: 'rotated' });
    expect(agent.read(name)).toBe(before);
  });

  it('are said in words when something else lies where a file belongs', async () => {
    const agent = agentFor();
    mkdirSync(join(agent.files, 'current'), { recursive: true });
    const report = await agent.turn();
    expect(report).toMatchObject({
      act: 'failed',
      code: 'folderUnwritable',
      detail: expect.stringContaining('EISDIR'),
    });
    rmdirSync(join(agent.files, 'current'));
    expect(await agent.turn()).toMatchObject({ act: 'activated' });
  });

  it('by another agent that wants others are left to it, and told of, instead of enrolling against each other', async () => {
    const agent = agentFor();
    await agent.turn();
    const other = agentFor();
    other.rewrite({ names: ['other.demo.dev.internal'], files: { folder: agent.files } });
    expect(await other.turn()).toMatchObject({ act: 'enrolled' });
    const taken = agent.inUse();
    expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'folderTaken' });
    expect(await other.turn()).toMatchObject({ act: 'unchanged' });
    expect([await agent.turn(), agent.inUse()]).toMatchObject([{ code: 'folderTaken' }, taken]);
  });

  it('are known without a state file: the status tells of them after the next turn', async () => {
    const agent = agentFor();
    await agent.turn();
    const before = await agent.status();
    rmSync(join(agent.folder, 'state'), { recursive: true });
    expect(await agent.turn()).toMatchObject({ act: 'unchanged' });
    const { serial, notBefore, notAfter, set, crlNextUpdate } = before;
    expect(await agent.status()).toMatchObject({ serial, notBefore, notAfter, set, crlNextUpdate });
    expect(crlNextUpdate).not.toBeNull();
  });
});

/** A link to itself: a file that is there and cannot be read, even by root. */
const makeUnreadable = (path: string): void => {
  rmSync(path, { recursive: true });
  symlinkSync(path, path);
};

describe('what is there and cannot be read', () => {
  it('is no request that is lost: a rotation that was begun goes on with its key once it can be', async () => {
    const agent = agentFor();
    await agent.turn();
    const web = { names: ['demo.dev.internal'] };
    agent.rewrite({ ...web, files: { folder: agent.files, alsoTrust: ['none.pem'] } });
    writeFileSync(join(agent.folder, 'none.pem'), 'no root');
    expect(await agent.turn({ force: true })).toMatchObject({ act: 'failed' });
    const pending = join(agent.files, '.privyseal/pending-rotate');
    const key = readFileSync(join(pending, 'key.pem'), 'utf8');
    renameSync(pending, join(agent.folder, 'away'));
    symlinkSync(pending, pending);
    agent.rewrite(web);
    expect(await agent.turn({ force: true })).toMatchObject({ act: 'failed', code: 'fileUnreadable' });
    rmSync(pending);
    renameSync(join(agent.folder, 'away'), pending);
    expect(await agent.turn()).toMatchObject({ act: 'rotated' });
    expect(agent.read('key.pem')).toBe(key);
  });

  it('is no state that is lost: nothing is done without it, and nobody is told that all is well', async () => {
    const agent = agentFor();
    await agent.turn();
    makeUnreadable(join(agent.folder, 'state/web.json'));
    expect(await agent.turn({ force: true })).toMatchObject({
      act: 'failed',
      code: 'fileUnreadable',
      detail: expect.stringContaining('state/web.json'),
    });
    await expect(agent.status()).rejects.toMatchObject({ code: 'homeUnreadable' });
  });

  it('is no certificate that is not there', async () => {
    const files = { folder: join('/', 'a'.repeat(256)), mode: 'link', alias: 'privyseal' } as const;
    const store = openSetStore(files);
    await expect(store.inUse()).rejects.toMatchObject({ code: 'fileUnreadable' });
    await expect(store.list()).rejects.toMatchObject({ code: 'fileUnreadable' });
  });
});
