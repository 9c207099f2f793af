import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { examineHome } from '#src/adapters/home-directory/examine-home.ts';
import { type OpenHome, openHomeDirectory } from '#src/adapters/home-directory/home-directory.ts';
import { itWith, run } from '../../support/judges.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = temporaryFolder().path;
  path = join(folder, 'data');
});

const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);

async function opened(): Promise<OpenHome> {
  const home = await openHomeDirectory(path);
  onTestFinished(() => home.release());
  return home;
}

/** Modes do not bind root, who becomes a user that owns nothing but the home. Returns the way back. */
function asWhoeverOwns(home: string): () => void {
  if (process.getuid!() !== 0) return () => {};
  const nobody = 65534;
  for (const entry of ['.', ...readdirSync(home)].filter((name) => name !== 'lost+found'))
    chownSync(join(home, entry), nobody, nobody);
  chmodSync(folder, 0o755);
  process.seteuid!(nobody);
  return () => process.seteuid!(0);
}

const source = new URL('../../../src/adapters/home-directory/home-directory.ts', import.meta.url).href;
const holder = (then: string): string => `
  import { openHomeDirectory } from '${source}';
  const home = await openHomeDirectory('${path}');
  console.log('open');
  ${then}`;

/** Another process that has opened the home and stays until it is killed. */
async function anotherProcess(): Promise<{ pid: number; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder('setInterval(() => {}, 1000);')]);
  const ended = new Promise<void>((done) => child.on('close', () => done()));
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) if (line === 'open') break;
  return {
    pid: child.pid ?? 0,
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

describe('opening a home', () => {
  it('makes it for the owner alone, with the folders on the way', async () => {
    path = join(folder, 'deep', 'data');
    const home = await opened();
    expect(home.path).toBe(path);
    expect([mode(path), mode(join(folder, 'deep'))]).toEqual(['700', '700']);
  });

  it('leaves alone what is another’s in it, as lost+found where it is a file system of its own', async () => {
    mkdirSync(path, { mode: 0o700 });
    const leftover = join(path, `.trust.${'0'.repeat(16)}.tmp`);
    writeFileSync(leftover, '');
    mkdirSync(join(path, 'lost+found'), { mode: 0 });
    onTestFinished(asWhoeverOwns(path));
    const home = await opened();
    expect(existsSync(leftover)).toBe(false);
    expect(await examineHome(path)).toMatchObject([{ state: 'ok' }, { state: 'ok' }, {}]);
    await home.release();
  });

  it('tells the absolute path of a relative one', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      path = './data';
      expect((await opened()).path).toBe(join(folder, 'data'));
    } finally {
      process.chdir(before);
    }
  });

  it.each([0o755, 0o750, 0o701, 0o770, 0o711])('refuses one with mode %o, with the command to run', async (bits) => {
    mkdirSync(path);
    chmodSync(path, bits);
    const error = (await rejectionOf(openHomeDirectory(path))) as Error;
    expect(error).toMatchObject({ code: 'homeOpenToOthers' });
    expect(error.message).toContain(`chmod 700 '${path}'`);
    expect(readdirSync(path)).toEqual([]);
  });

  it('refuses a file, and a path through a file', async () => {
    writeFileSync(path, 'x');
    expect(await codeOf(openHomeDirectory(path))).toBe('homeUnwritable');
    expect(await codeOf(openHomeDirectory(join(path, 'data')))).toBe('homeUnwritable');
  });

  it.runIf(process.geteuid?.() === 0)('refuses one of another user, and one it may not make', async () => {
    mkdirSync(path, { mode: 0o700 });
    chmodSync(folder, 0o755);
    process.seteuid!(65_534);
    try {
      expect(await codeOf(openHomeDirectory(path))).toBe('homeOpenToOthers');
      expect(await codeOf(openHomeDirectory(join(folder, 'new')))).toBe('homeUnwritable');
    } finally {
      process.seteuid!(0);
    }
  });

  it('sweeps what a crash left in it and its folders, and nothing else', async () => {
    mkdirSync(join(path, 'admin'), { recursive: true, mode: 0o700 });
    writeFileSync(join(path, 'admin', '.admin.key.0123456789abcdef.tmp'), 'half');
    writeFileSync(join(path, '.hidden.tmp'), 'mine');
    await opened();
    expect(readdirSync(join(path, 'admin'))).toEqual([]);
    expect(readdirSync(path)).toContain('.hidden.tmp');
  });
});

describe('the lock of a home', () => {
  it('keeps a second opening out, in this process', async () => {
    await opened();
    const error = (await rejectionOf(openHomeDirectory(path))) as Error;
    expect(error).toMatchObject({ code: 'homeLocked' });
    expect(error.message).toContain(`process ${process.pid}`);
  });

  it('keeps another process out, and names the one that holds it', async () => {
    const other = await anotherProcess();
    const error = (await rejectionOf(openHomeDirectory(path))) as Error;
    expect(error).toMatchObject({ code: 'homeLocked' });
    expect(error.message).toContain(`process ${other.pid}`);
    await other.kill();
  });

  it('ends with the process that holds it, however it ends', async () => {
    const other = await anotherProcess();
    await other.kill();
    expect(readFileSync(join(path, 'privyseal.pid'), 'utf8')).toBe(`${other.pid}\n`);
    await expect(opened()).resolves.toBeDefined();
    expect(readFileSync(join(path, 'privyseal.pid'), 'utf8')).toBe(`${process.pid}\n`);
  });

  it('is not taken for held because a process number of old is in use again', async () => {
    mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(path, 'privyseal.pid'), `${process.ppid}\n`);
    writeFileSync(join(path, 'privyseal.lock'), '');
    await expect(opened()).resolves.toBeDefined();
  });

  it('holds although somebody removed the file with the process number', async () => {
    const other = await anotherProcess();
    writeFileSync(join(path, 'privyseal.pid'), 'nonsense; rm -rf /');
    const error = (await rejectionOf(openHomeDirectory(path))) as Error;
    expect(error).toMatchObject({ code: 'homeLocked' });
    expect(error.message).not.toContain('nonsense');
    await other.kill();
  });

  it('is given back by release, which may be called twice', async () => {
    const home = await openHomeDirectory(path);
    await home.release();
    await home.release();
    const again = await opened();
    await home.release();
    expect(await codeOf(openHomeDirectory(path))).toBe('homeLocked');
    expect(await again.exists('privyseal.pid')).toBe(true);
  });

  it('is won by exactly one of several that start together', async () => {
    const contenders = Array.from({ length: 4 }, () => contender());
    const outcomes = await Promise.all(contenders.map(({ outcome }) => outcome));
    for (const { leave } of contenders) leave();
    expect(outcomes.sort()).toEqual(['homeLocked', 'homeLocked', 'homeLocked', 'open']);
  });
});

/** Another process that tries to open the home, drops what it got without a thought, and stays until it may leave. */
function contender(): { outcome: Promise<string>; leave(): void } {
  const script = `
    import { openHomeDirectory } from '${source}';
    console.log(await openHomeDirectory('${path}').then(() => 'open', (error) => error.code));
    for (let round = 0; round < 5; round += 1) gc();
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script]);
  const outcome = new Promise<string>((done) => createInterface({ input: child.stdout }).once('line', done));
  return { outcome, leave: () => void child.stdin.end() };
}

describe('files of a home', () => {
  it('are written and read with their folders and modes, whatever the umask', async () => {
    const home = await opened();
    const before = process.umask(0o077);
    try {
      await home.write('admin/admin.key', 'secret', 0o600);
      await home.write('trust/dev.pem', 'Wurzel ü', 0o644);
    } finally {
      process.umask(before);
    }
    expect(await home.read('trust/dev.pem')).toBe('Wurzel ü');
    expect(mode(join(path, 'admin'))).toBe('700');
    expect([mode(join(path, 'admin/admin.key')), mode(join(path, 'trust/dev.pem'))]).toEqual(['600', '644']);
    expect([await home.exists('admin/admin.key'), await home.exists('admin/other')]).toEqual([true, false]);
  });

  it('are replaced whole, and get the mode of the last writing', async () => {
    const home = await opened();
    await home.write('demo/token', 'a long first content', 0o644);
    await home.write('demo/token', 'second', 0o600);
    expect(await home.read('demo/token')).toBe('second');
    expect(mode(join(path, 'demo/token'))).toBe('600');
    expect(readdirSync(join(path, 'demo'))).toEqual(['token']);
  });

  it('are never seen half written', async () => {
    const home = await opened();
    const contents = ['a', 'b'].map((letter) => letter.repeat(200_000));
    await home.write('trust/x.pem', contents[0]!, 0o644);
    let writing = true;
    const written = (async () => {
      for (let round = 0; round < 20; round += 1) await home.write('trust/x.pem', contents[round % 2]!, 0o644);
    })().finally(() => {
      writing = false;
    });
    while (writing) expect(contents).toContain(await home.read('trust/x.pem'));
    await written;
  });

  it('that cannot be read say which', async () => {
    const home = await opened();
    mkdirSync(join(path, 'trust'));
    for (const name of ['trust', 'missing.pem']) {
      const error = (await rejectionOf(home.read(name))) as Error;
      expect(error).toMatchObject({ code: 'homeDamaged' });
      expect(error.message).toContain(join(path, name));
    }
  });

  it('that cannot be written leave nothing behind', async () => {
    const home = await opened();
    mkdirSync(join(path, 'trust', 'dev.pem'), { recursive: true });
    expect(await codeOf(home.write('trust/dev.pem', 'x', 0o644))).toBe('homeUnwritable');
    expect(readdirSync(join(path, 'trust'))).toEqual(['dev.pem']);
  });

  it('never lie outside of it', async () => {
    const home = await opened();
    await expect(home.write('../outside', 'x', 0o600)).rejects.toThrow(RangeError);
    await expect((async () => home.read('admin/../../outside'))()).rejects.toThrow(RangeError);
    expect(readdirSync(folder)).toEqual(['data']);
  });

  itWith('strace', 'are synced before they get their name, and their folder after', async () => {
    const trace = join(folder, 'trace');
    const traced = ['-f', '-y', '-e', 'trace=fsync,fdatasync,rename,renameat,renameat2', '-o', trace];
    const script = holder("await home.write('demo/token', 'x', 0o600); await home.release();");
    const { code, stderr } = await run('strace', [...traced, process.execPath, '--input-type=module', '-e', script]);
    expect(code, stderr).toBe(0);
    const steps = readFileSync(trace, 'utf8').matchAll(/(fsync|fdatasync|rename\w*)\([^\n]*(token|demo>)/g);
    expect([...steps].map(([, call]) => call)).toEqual(['fsync', 'rename', 'fsync']);
  });
});
