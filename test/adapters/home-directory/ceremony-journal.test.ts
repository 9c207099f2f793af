import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { journalName, openCeremonyJournal } from '#src/adapters/home-directory/ceremony-journal.ts';
import { itWith } from '../../support/judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { tracedSteps } from '../../support/traced-steps.ts';

it('of a ceremony goes on after its last whole line, and keeps nothing of one that was cut short', async () => {
  const { path } = temporaryFolder();
  const journal = openCeremonyJournal(path);
  expect(await journal.lines()).toEqual([]);
  await journal.append('é');
  appendFileSync(join(path, journalName), 'cut sho');
  expect(await journal.lines()).toEqual(['é']);
  await journal.append('two');
  expect(readFileSync(join(path, journalName), 'utf8')).toBe('é\ntwo\n');
});

itWith('strace', 'of a ceremony is on the disk, and its name too, before anything leaves', async () => {
  const { path } = temporaryFolder();
  const home = join(path, 'home');
  const source = new URL('../../../src/adapters/home-directory/ceremony-journal.ts', import.meta.url).href;
  const script = `
    import { mkdirSync, writeSync } from 'node:fs';
    import { openCeremonyJournal } from '${source}';
    mkdirSync('${home}');
    await openCeremonyJournal('${home}').append('{}');
    writeSync(1, 'kept\\n');
  `;
  expect(await tracedSteps(script, home)).toEqual([`fsync ${journalName}`, 'fsync home', 'kept']);
});
