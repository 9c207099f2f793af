/** After a power failure a name leads to what was written under it, and nobody was told of what is not there. */
import { basename, join } from 'node:path';
import { describe, expect } from 'vitest';
import { itWith } from '../support/judges.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { tracedSteps } from '../support/traced-steps.ts';

const source = (file: string): string => new URL(`../../src/agent/${file}`, import.meta.url).href;

const preamble = (folder: string, mode: 'link' | 'replace'): string => `
  import { writeSync } from 'node:fs';
  import { makeSetFolders, openSetStore } from '${source('files/set-store.ts')}';
  import { installFiles } from '${source('files/install-files.ts')}';
  import { keepRequest, keepRequestId } from '${source('issue/pending-request.ts')}';
  const files = { folder: '${folder}', mode: '${mode}', alias: 'a', outputs: { 'key.pem': { mode: '0600' } } };
  const tell = (what) => writeSync(1, what + '\\n');
  await makeSetFolders(files);
  tell('made');
  const store = openSetStore(files);
  const pem = { keyPem: 'k', certPem: 'c', chainPem: '', trustPem: 't', crlPem: '', storePassword: '' };
`;

const stepsAfter = (step: string, steps: readonly string[]): string[] => steps.slice(steps.indexOf(step) + 1);

const set = "const name = await store.write({ ...pem, facts: { serial: '0a' } });";

describe('the agent syncs', () => {
  itWith('strace', 'the folders above those that it makes, .privyseal and sets among them', async () => {
    const above = temporaryFolder().path;
    const steps = await tracedSteps(preamble(join(above, 'etc/tls'), 'link'), above);
    expect(steps).toEqual([`fsync ${basename(above)}`, 'fsync etc', 'fsync tls', 'fsync tls', 'made']);
  });

  itWith(
    'strace',
    'every file of a set before the set has its name, and the name before anything leads to it',
    async () => {
      const folder = join(temporaryFolder().path, 'tls');
      const script = `${preamble(folder, 'link')} ${set} tell('written'); await store.switchTo(name); tell('switched');`;
      const steps = stepsAfter('made', await tracedSteps(script, folder));
      const files = ['cert.pem', 'chain.pem', 'crl.pem', 'key.pem', 'set.json', 'store-password', 'trust.pem'];
      expect(steps.slice(0, files.length).toSorted()).toEqual(files.map((file) => `fsync ${file}`));
      expect(steps.slice(files.length)).toEqual([
        ...['fsync *.new', 'rename 0001-0a', 'fsync sets', 'written'],
        ...['rename current', 'fsync tls', 'switched'],
      ]);
    },
  );

  itWith('strace', 'plain files before they have their names, and the names before it goes on', async () => {
    const folder = join(temporaryFolder().path, 'tls');
    const script = `${preamble(folder, 'replace')} ${set}
      tell('written'); await installFiles(files, '${folder}/.privyseal/sets/' + name, store.own); tell('installed');`;
    const steps = await tracedSteps(script, folder);
    expect(stepsAfter('written', steps)).toEqual([
      ...['fsync .key.pem.*.tmp', 'fsync .installed.json.*.tmp', 'rename installed.json', 'fsync .privyseal'],
      ...['rename key.pem', 'fsync tls', 'installed'],
    ]);
  });

  itWith('strace', 'the key of a request before the request can leave, and its id before it is asked for', async () => {
    const folder = join(temporaryFolder().path, 'tls');
    const script = `${preamble(folder, 'link')}
      const target = { keyType: 'ec-p256', names: ['a.dev'] };
      const kept = await keepRequest(store.own, target, { kind: 'enrol', predecessor: null });
      tell('kept'); await keepRequestId(store.own, kept, 'r'); tell('known');`;
    expect(stepsAfter('made', await tracedSteps(script, folder))).toEqual([
      ...['fsync key.pem', 'fsync request.json', 'fsync *.new', 'rename pending-enrol', 'fsync .privyseal', 'kept'],
      ...['fsync .request.json.*.tmp', 'rename request.json', 'fsync pending-enrol', 'known'],
    ]);
  });
});
