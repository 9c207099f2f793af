import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../support/judges.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = join(import.meta.dirname, '../..');
const launcher = join(root, 'bin/privyseal.js');

/** Runs the launcher on this Node, which says it is another one. */
async function onNode(version: string) {
  const preload = temporaryFolder().write(
    'another-node.cjs',
    `Object.defineProperty(process, 'version', { value: 'v${version}' });
     Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
  );
  return run(process.execPath, ['--require', preload, launcher, '--version']);
}

describe('the launcher', () => {
  it.each(['12.22.0', '20.20.2', '22.11.0', '25.0.0'])('stops at once on Node %s with what to do', async (version) => {
    const { code, stdout, stderr } = await onNode(version);
    expect([code, stdout.toString()]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^privyseal: wrongNode: this is Node v${version}, .*npm ci.*npx privyseal.*\n$`));
  });

  it('starts the program on Node 24', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const { code, stdout } = await run(process.execPath, [launcher, '--version']);
    expect([code, stdout.toString()]).toEqual([0, `${version}\n`]);
  });

  it('holds only syntax that Node 12 parses, and imports nothing before it has looked', () => {
    const source = readFileSync(launcher, 'utf8');
    expect(source).not.toMatch(/^import |\?\.|\?\?|\bawait\b|#\w+ ?=|\|\|=|&&=|\d_\d/m);
  });
});
