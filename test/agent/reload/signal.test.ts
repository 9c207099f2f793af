import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ReloadError, runReload } from '#src/agent/reload/run-reload.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const context = { files: '/files', signal: new AbortController().signal };

/** A program that says which signals it got; without `handles` their default ends it. */
async function program(handles: boolean): Promise<{ child: ChildProcess; said: () => string }> {
  const script = handles
    ? `for (const s of ['SIGHUP', 'SIGUSR2']) process.on(s, () => console.log(s)); console.log('ready'); setInterval(() => {}, 1000)`
    : `console.log('ready'); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  await expect.poll(() => text, { timeout: 20_000 }).toContain('ready');
  return { child, said: () => text };
}

const pidFileWith = (content: string): string => temporaryFolder().write('pid', content);

const refused = (pidFile: string, more: object = {}): Promise<void> =>
  expect(runReload({ action: 'signal', pidFile, ...more }, context)).rejects.toBeInstanceOf(ReloadError);

describe('reload action signal', () => {
  it('sends the signal to the process of the pid file', async () => {
    const { child, said } = await program(true);
    const pidFile = pidFileWith(`${child.pid}\n`);
    await runReload({ action: 'signal', pidFile }, context);
    await expect.poll(said).toContain('SIGHUP');
    await runReload({ action: 'signal', pidFile, signal: 'SIGUSR2' }, context);
    await expect.poll(said).toContain('SIGUSR2');
  });

  it.each(['0', '1', '-1', '-4711', '', 'x', '12 13', '0x10', '1e3', '99999999', ' '.repeat(100), '4194304', '3.5'])(
    'refuses a pid file with %j',
    async (content) => refused(pidFileWith(content)),
  );

  it('refuses itself, a process that is not running, and a file that is not there or is no file', async () => {
    await refused(pidFileWith(String(process.pid)));
    const { child } = await program(true);
    const ended = new Promise((done) => child.once('close', done));
    child.kill('SIGKILL');
    await ended;
    await refused(pidFileWith(String(child.pid)));
    await refused('/no/such/file.pid');
    await refused(temporaryFolder().path);
  });

  it('refuses a pid file that anybody could have written', async () => {
    const { child, said } = await program(true);
    const pidFile = pidFileWith(String(child.pid));
    chmodSync(pidFile, 0o666);
    await refused(pidFile);
    expect(said()).not.toContain('SIGHUP');
  });

  it.runIf(process.platform === 'linux')('refuses a process of another name than the one given', async () => {
    const { child, said } = await program(true);
    const pidFile = pidFileWith(String(child.pid));
    await refused(pidFile, { processName: 'nginx' });
    expect(said()).not.toContain('SIGHUP');
  });

  it('says so when the signal ended the program', async () => {
    const { child } = await program(false);
    await refused(pidFileWith(String(child.pid)));
  });
});
