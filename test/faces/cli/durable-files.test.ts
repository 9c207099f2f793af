/** What a verb has said that it wrote is there after a power failure: octets before names, and names before anything is told. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect } from 'vitest';
import { itWith } from '../../support/judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { tracedSteps } from '../../support/traced-steps.ts';

const source = (file: string): string => JSON.stringify(new URL(`../../../src/${file}`, import.meta.url).href);

const tell = (word: string): string => `fs.writeSync(1, '${word}\\n');`;

/** Of a script that has node:fs as `fs`; `path` is the folder it works in. */
const stepsOf = (path: string, script: string): Promise<string[]> =>
  tracedSteps(`import fs from 'node:fs'; const path = '${path}'; ${script}`, path);

const fileSet = `
  import { stageFileSet } from ${source('faces/cli/requests/file-set.ts')};
  async function commitKey(folder) {
    const files = await stageFileSet(folder, ['key.pem']);
    await files.write('key.pem', 'k', 0o600);
    ${tell('staged')}
    await files.commit();
    ${tell('committed')}
  }
`;

describe('the command line syncs', () => {
  itWith(
    'strace',
    'every file of a set that becomes a folder before it has its name, and the name after it',
    async () => {
      const { path } = temporaryFolder();
      const steps = await stepsOf(path, `${fileSet} await commitKey(path + '/new');`);
      expect(steps).toEqual([
        ...[
          'rename .new-*',
          'fsync key.pem',
          'staged',
          'fsync set',
          'rename new',
          `fsync ${basename(path)}`,
          'committed',
        ],
      ]);
    },
  );

  itWith(
    'strace',
    'every file of a set that joins a folder before it has its name, and the names after them',
    async () => {
      const { path } = temporaryFolder();
      mkdirSync(join(path, 'old'));
      const steps = await stepsOf(path, `${fileSet} await commitKey(path + '/old');`);
      expect(steps).toEqual([
        ...['rename .old-*', 'fsync key.pem', 'staged', 'fsync set', 'fsync order', 'fsync .old-*'],
        ...['link key.pem', 'fsync old', 'committed'],
      ]);
    },
  );

  itWith('strace', 'an export of the audit log, and its name, before it says that it is written', async () => {
    const { path } = temporaryFolder();
    const script = `
      import { writeStream } from ${source('faces/cli/terminal/write-stream.ts')};
      const session = { io: {}, path: (name) => path + '/' + name, note() { ${tell('written')} } };
      await writeStream(session, 'events.ndjson', async () => [Buffer.from('{}')]);`;
    expect(await stepsOf(path, script)).toEqual([
      ...['rename .privyseal.*.tmp', 'fsync file', 'link events.ndjson', `fsync ${basename(path)}`, 'written'],
    ]);
  });

  itWith('strace', 'a record of a ceremony, and its name', async () => {
    const { path } = temporaryFolder();
    const script = `
      import { record } from ${source('faces/cli/authorities/ceremony.ts')};
      await record({ json: true, io: {}, out: path + '/record', acts: { state: async () => ({ entries: [], head: '' }) } });`;
    expect(await stepsOf(path, script)).toEqual([
      ...['rename .privyseal.*.tmp', 'fsync file', 'link record', `fsync ${basename(path)}`],
    ]);
  });

  itWith('strace', 'the contexts, their name, and that of the folder made for them', async () => {
    const { path } = temporaryFolder();
    const script = `
      import { writeContexts } from ${source('faces/cli/contexts/contexts-file.ts')};
      await writeContexts({ XDG_CONFIG_HOME: path }, { contexts: {} });`;
    expect(await stepsOf(path, script)).toEqual([
      ...[`fsync ${basename(path)}`, 'fsync .contexts.yaml.*.tmp', 'rename contexts.yaml', 'fsync privyseal'],
    ]);
  });

  itWith('strace', 'the name of a token’s file before the token is made, and the token before it is told', async () => {
    const { path } = temporaryFolder();
    const script = `
      import { addToken } from ${source('faces/cli/registry/token.ts')};
      const createToken = async () => { ${tell('made')} return { token: 'secret' }; };
      await addToken({
        json: true, path: (name) => path + '/' + name,
        adminClient: async () => ({ createToken }), printJson() { ${tell('told')} },
      }, 'dev/a', { uses: 1, expires: 60, out: 'token' });`;
    expect(await stepsOf(path, script)).toEqual([`fsync ${basename(path)}`, 'made', 'fsync token', 'told']);
  });

  itWith(
    'strace',
    'the shares of a passphrase, their names and their folder’s, before the vault is sealed anew',
    async () => {
      const { path } = temporaryFolder();
      const script = `
      import { deliverShares } from ${source('faces/cli/vaults/vault-split.ts')};
      await deliverShares({ out: path + '/shares' }, { set: 'a', threshold: 2, shares: ['one', 'two'] });
      ${tell('sealed')}`;
      const files = ['fsync share-1.txt', 'fsync share-2.txt'];
      expect(await stepsOf(path, script)).toEqual([...files, 'fsync shares', `fsync ${basename(path)}`, 'sealed']);
    },
  );

  itWith('strace', 'a backup before it has its name, and the name before it is told', async () => {
    const { path } = temporaryFolder();
    const script = `
      import { writeBackup } from ${JSON.stringify(new URL('../../support/backup-builders.ts', import.meta.url).href)};
      await writeBackup(path + '/monday.tar');
      ${tell('told')}`;
    expect(await stepsOf(path, script)).toEqual([
      ...['rename .privyseal.*.tmp', 'fsync backup.tar', 'link monday.tar', `fsync ${basename(path)}`, 'told'],
    ]);
  });
});
