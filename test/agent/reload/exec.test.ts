import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { isRunning } from '#src/agent/reload/pid-file.ts';
import { type ReloadContext, ReloadError, runReload } from '#src/agent/reload/run-reload.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const context = (signal = new AbortController().signal): ReloadContext => ({ files: '/files', signal });

const exec = (command: string[], timeoutSeconds = 60, given = context()) =>
  runReload({ action: 'exec', command, timeoutSeconds }, given);

/** A program of Node's, so that the test needs no shell. */
const node = (script: string, ...args: string[]): string[] => [process.execPath, '-e', script, '--', ...args];

const refusalOf = (attempt: Promise<unknown>): Promise<ReloadError> =>
  attempt.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ReloadError);
      return error as ReloadError;
    },
  );

describe('reload action exec', () => {
  it('runs the program with its arguments as they are, without a shell, and tells it where the files are', async () => {
    const told = join(temporaryFolder().path, 'told.json');
    const script = `require('fs').writeFileSync(process.argv[1], JSON.stringify([process.argv.slice(2), process.env, process.cwd()]))`;
    vi.stubEnv('A_SECRET_OF_THE_AGENT', 'secret');
    await exec(node(script, told, '$(touch x)', '; rm', '*'));
    const [args, env, cwd] = JSON.parse(readFileSync(told, 'utf8')) as [string[], Record<string, string>, string];
    vi.unstubAllEnvs();
    expect([args, cwd]).toEqual([['$(touch x)', '; rm', '*'], '/']);
    expect(Object.keys(env).sort()).toEqual(['LANG', 'PATH', 'PRIVYSEAL_FILES']);
    expect(env.PRIVYSEAL_FILES).toBe('/files');
  });

  it('refuses a program that is not there, that may not be run, or whose path is not absolute', async () => {
    const { write } = temporaryFolder();
    expect((await refusalOf(exec(['/no/such/program']))).message).toContain('/no/such/program is not there');
    await refusalOf(exec([write('plain-file', 'no program')]));
    await refusalOf(exec(['true']));
  });

  it('is refused with what the program said when that ends with another code than 0, or by a signal', async () => {
    const failed = await refusalOf(
      exec(node(`console.log('one'); console.error('two\\x1b[31m'); process.exitCode = 3`)),
    );
    expect([failed.message, failed.output]).toEqual([expect.stringContaining('3'), expect.stringContaining('one')]);
    expect(failed.output).toContain('two\\u{1b}[31m');
    const killed = await refusalOf(exec(node(`process.kill(process.pid, 'SIGKILL')`)));
    expect(killed.message).toContain('SIGKILL');
  });

  it('keeps the beginning and the end of a flood of output', async () => {
    const flood = `
      process.stdout.write('first\\n');
      for (let n = 0; n < 400; n++) process.stdout.write('x'.repeat(65536) + '\\n');
      process.stdout.write('last\\n', () => process.exit(1));`;
    const { output } = await refusalOf(exec(node(flood)));
    expect(output.length).toBeLessThan(20_000);
    expect([output.includes('first'), output.includes('octets left out'), output.endsWith('last')]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('ends a program that hangs, with what it has started, also when they do not listen to SIGTERM', async () => {
    const pids = join(temporaryFolder().path, 'pids');
    const script = `
      process.on('SIGTERM', () => {});
      const stubborn = "process.on('SIGTERM', () => {}); process.send('ready'); setInterval(() => {}, 1000)";
      const child = require('child_process').spawn(process.execPath, ['-e', stubborn], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      child.on('message', () => require('fs').writeFileSync(process.argv[1], [process.pid, child.pid].join(' ')));
      setInterval(() => {}, 1000);`;
    const { message } = await refusalOf(exec(node(script, pids), 3));
    expect(message).toContain('longer than 3 s');
    const [parent = 0, child = 0] = existsSync(pids) ? readFileSync(pids, 'utf8').split(' ').map(Number) : [];
    expect(parent).toBeGreaterThan(1);
    await expect.poll(() => [isRunning(parent), isRunning(child)]).toEqual([false, false]);
  }, 60_000);

  it.each([
    ['takes too long', undefined],
    ['is interrupted', new Error('stopping')],
  ])(
    'leaves a program that another user runs, as sudo does, to itself when it %s',
    async (_when, reason) => {
      const started = join(temporaryFolder().path, 'started');
      const script = `require('fs').writeFileSync(process.argv[1], String(process.pid)); setInterval(() => {}, 1000)`;
      const kill = vi.spyOn(process, 'kill').mockImplementation((pid) => {
        if (pid > 0) return true;
        throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
      });
      const stop = new AbortController();
      const running = exec(node(script, started), reason ? 60 : 2, context(stop.signal)).catch(
        (error: unknown) => error,
      );
      await expect
        .poll(() => existsSync(started) && readFileSync(started, 'utf8'), { timeout: 20_000 })
        .toMatch(/^\d+$/);
      if (reason) stop.abort(reason);
      const end = await running;
      kill.mockRestore();
      process.kill(Number(readFileSync(started, 'utf8')), 'SIGKILL');
      if (reason) expect(end).toBe(reason);
      else expect(end).toMatchObject({ name: 'ReloadError', message: expect.stringContaining('runs as another user') });
    },
    30_000,
  );

  it('does not wait for what the program leaves in the background', async () => {
    const pid = join(temporaryFolder().path, 'pid');
    const script = `
      const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit', detached: true });
      require('fs').writeFileSync(process.argv[1], String(child.pid));
      child.unref();`;
    await exec(node(script, pid));
    const left = Number(readFileSync(pid, 'utf8'));
    expect(isRunning(left)).toBe(true);
    process.kill(left, 'SIGKILL');
  });

  it('ends the program and rejects with the reason when it is interrupted', async () => {
    const started = join(temporaryFolder().path, 'started');
    const stop = new AbortController();
    const script = `require('fs').writeFileSync(process.argv[1], String(process.pid)); setInterval(() => {}, 1000)`;
    const running = exec(node(script, started), 60, context(stop.signal)).catch((error: unknown) => error);
    while (!existsSync(started) || readFileSync(started, 'utf8') === '') await pause(20);
    const reason = new Error('stopping');
    stop.abort(reason);
    expect(await running).toBe(reason);
    expect(isRunning(Number(readFileSync(started, 'utf8')))).toBe(false);
  });
});
