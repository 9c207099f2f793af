/** Tests that fill a disk mount a small one of their own; where that cannot be done they say so by their name. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { it } from 'vitest';
import { judgesRequired } from './judges.ts';
import { temporaryFolder } from './running-service.ts';

/** Root in a container often may not, either: only trying tells. */
function canMount(): boolean {
  const folder = temporaryFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
  return mounted;
}

export function itWithMount(sentence: string, test: () => Promise<void>): void {
  if (judgesRequired || canMount()) it(sentence, test);
  else it.skip(`${sentence} (skipped: this machine does not let us mount a file system)`, test);
}
