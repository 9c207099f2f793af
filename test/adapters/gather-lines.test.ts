import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { gatherLines } from '#src/adapters/gather-lines.ts';

function gatherer() {
  const written: string[] = [];
  return { written, lines: gatherLines({ write: (text) => written.push(text), flushSync: () => {} }) };
}

it('writes the lines of one turn of the event loop together, in their order', async () => {
  const { written, lines } = gatherer();
  lines.write('one\n');
  lines.write('two\n');
  expect(written).toEqual([]);
  await endOfTurn();
  lines.write('three\n');
  await endOfTurn();
  await endOfTurn();
  expect(written).toEqual(['one\ntwo\n', 'three\n']);
});

it('leaves nothing behind that listens to the end of the process', async () => {
  const before = process.listenerCount('exit');
  const { lines } = gatherer();
  for (let turn = 0; turn < 3; turn += 1) {
    lines.write('a line\n');
    lines.write('another\n');
    await endOfTurn();
  }
  expect(process.listenerCount('exit')).toBe(before);
});

it.each(['process.exit(0)', 'throw new Error("a defect")'])('loses no line when its turn ends in %s', (end) => {
  const module = join(import.meta.dirname, '../../src/adapters/gather-lines.ts');
  const program = `
    const { gatherLines } = await import(${JSON.stringify(module)});
    const { default: fs } = await import('node:fs');
    let left = '';
    const lines = gatherLines({ write: (text) => { left += text }, flushSync: () => fs.writeSync(1, left) });
    lines.write('one\\n');
    lines.write('two\\n');
    ${end};`;
  expect(outputOf(program)).toBe('one\ntwo\n');
});

function outputOf(program: string): string {
  try {
    return execFileSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe', encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
