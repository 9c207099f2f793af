import { PassThrough, Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openConsole } from '../../../../src/faces/cli/terminal/secret-console.ts';

function written() {
  const parts: string[] = [];
  return { write: (text: string) => void parts.push(text), text: () => parts.join('') };
}

/** A terminal as Node has it: raw mode is what keeps it from echoing. */
function terminal() {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, raw: [] as boolean[] });
  return Object.assign(stdin, { setRawMode: (on: boolean) => void stdin.raw.push(on) });
}

describe('secrets at the console', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it.each(['xterm', 'dumb'])(
    'are read from a terminal (%s) without being shown, with the keys of its line editing',
    async (term) => {
      vi.stubEnv('TERM', term);
      const [stdin, stderr] = [terminal(), written()];
      const console = openConsole({ stdin, stderr });
      const answer = console.ask('Passphrase: ');
      stdin.write('corretc\x7f\x7fct horse\r');
      expect(await answer).toBe('correct horse');
      const second = console.ask('Again: ');
      stdin.write('an\x15othex\br\r');
      expect(await second).toBe('other');
      console.close();
      expect(stderr.text()).toBe('Passphrase: \nAgain: \n');
      expect(stdin.raw).toEqual([true, false]);
    },
  );

  it('are read from a pipe line by line, also when all came at once, until none is left', async () => {
    const stderr = written();
    const console = openConsole({ stdin: Readable.from(['one\ntwo\r\nthree']), stderr });
    const answers = [];
    for (let asked = 0; asked < 4; asked++) answers.push(await console.ask('? '));
    expect(answers).toEqual(['one', 'two', 'three', undefined]);
    console.close();
    expect(stderr.text()).not.toMatch(/one|two|three/);
  });

  it('leave standard input alone when nothing is asked', () => {
    const stdin = terminal();
    openConsole({ stdin, stderr: written() }).close();
    expect([stdin.raw, stdin.listenerCount('data')]).toEqual([[], 0]);
  });
});
