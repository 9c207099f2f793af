/** The units of the example are ones that systemd takes. */
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { describeWith, pathOf, run } from '../support/judges.ts';
import { projectFolder, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = join(projectFolder, 'examples/systemd');
const program = join(projectFolder, 'bin/privyseal.js');
const units = readdirSync(folder).filter((name) => /\.(service|timer)$/.test(name));

/** No judge that every machine must have: many containers know no systemd. */
const analyze = '/usr/bin/systemd-analyze';

const where = existsSync(analyze) ? '' : ' (skipped: there is no systemd-analyze here)';

it.skipIf(where !== '')(`systemd finds nothing wrong with the units${where}`, async () => {
  const { path } = temporaryFolder();
  for (const name of units) {
    // What is started must be there to be verified.
    const text = readFileSync(join(folder, name), 'utf8').replace(
      /\/opt\/privyseal\/node_modules\/.bin\/node /,
      '/bin/true ',
    );
    writeFileSync(join(path, name), text);
  }
  const files = units.map((name) => join(path, name));
  const { code, stdout, stderr } = await run(analyze, ['verify', '--man=no', '--recursive-errors=no', ...files]);
  expect([code, stdout.toString(), stderr]).toEqual([0, '', '']);
});

/** Only root can give capabilities up. */
const setpriv = '/usr/bin/setpriv';
const canDrop = existsSync(setpriv) && process.getuid?.() === 0;
const unless = canDrop ? '' : ' (skipped: not root, or no setpriv here)';

describeWith('nginx', `nginx under the agent’s capabilities${unless}`, () => {
  it.skipIf(unless !== '')('tests a configuration with a port below 1024', async () => {
    const { path, write } = temporaryFolder();
    const listens = 'http { access_log off; server { listen 127.0.0.1:443; } }';
    const file = write('nginx.conf', `pid nginx.pid; error_log error.log; events {} ${listens}`);
    const [, names = ''] = /^CapabilityBoundingSet=(.+)$/m.exec(
      readFileSync(join(folder, 'privyseal-agent.service'), 'utf8'),
    )!;
    const kept = names.split(' ').map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`);
    const command = [pathOf('nginx'), '-t', '-q', '-p', path, '-c', file];
    const { code, stderr } = await run(setpriv, [
      ...['--bounding-set', ['-all', ...kept].join(), '--inh-caps=-all'],
      ...command,
    ]);
    expect([stderr, code]).toEqual(['', 0]);
  });
});

it.skipIf(unless !== '')(`a port below 1024 is refused with the capability that it takes${unless}`, async () => {
  const { path } = temporaryFolder();
  const tryIt = (verb: string): ReturnType<typeof run> =>
    run(setpriv, ['--bounding-set=-all', '--inh-caps=-all', process.execPath, program, verb], {
      cwd: path,
      env: { PRIVYSEAL_HOME: join(path, 'data'), PRIVYSEAL_DISTRIBUTION_PORT: '777' },
    });
  const { code, stderr } = await tryIt('serve');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/badConfiguration.+777.+CAP_NET_BIND_SERVICE/)]);
  // Whoever looks has fewer rights than the unit may give, so doctor only warns.
  const { stdout } = await tryIt('doctor');
  expect(stdout.toString()).toMatch(/^warn {2}ports .*\n.*CAP_NET_BIND_SERVICE/m);
});

/** What systemd would run: there `$$` and `%%` are one sign. */
const commandOf = (unit: string): string =>
  /^ExecStart=\/bin\/sh -ec '(.+)'$/m.exec(readFileSync(join(folder, unit), 'utf8'))![1]!.replaceAll(/([$%])\1/g, '$1');

it('the backup of an hour replaces that of the day before, once it is whole', async () => {
  const { path, write } = temporaryFolder();
  const service = await startService();
  try {
    // Where the program lies is no word of a shell's, unlike the folder that the unit names.
    const installed = join(temporaryFolder().path, 'privyseal');
    symlinkSync(projectFolder, installed);
    const command = `date() { echo 07; }; ${commandOf('privyseal-backup.service').replaceAll('/opt/privyseal', installed)}`;
    const backUp = async (home: string): Promise<number | null> =>
      (await run('/bin/sh', ['-ec', command], { cwd: path, env: { PRIVYSEAL_HOME: home } })).code;
    write('07.tar', 'of yesterday');
    expect(await backUp(path)).not.toBe(0);
    expect(readFileSync(join(path, '07.tar'), 'utf8')).toBe('of yesterday');
    expect(await backUp(service.home)).toBe(0);
    expect(readdirSync(path)).toEqual(['07.tar']);
    expect(readFileSync(join(path, '07.tar')).toString('latin1')).toContain('privyseal-backup/1');
  } finally {
    await service.dispose();
  }
});

it('docs/installing.md has settings that a start takes', async () => {
  const page = readFileSync(join(projectFolder, 'docs/installing.md'), 'utf8');
  const { path, write } = temporaryFolder();
  const PRIVYSEAL_CONFIG = write('privyseal.yaml', /```yaml\n([\s\S]+?)```/.exec(page)![1]!);
  expect(await loadConfig({ PRIVYSEAL_CONFIG }, path)).toMatchObject({
    home: '/var/lib/privyseal',
    serverNames: ['ca.example.org'],
  });
});

it.each(
  units.filter(
    (name) => /\nPrivateTmp=true/.test(readFileSync(join(folder, name), 'utf8')) && !name.includes('backup'),
  ),
)('%s keeps compiled code, which a private /tmp would forget', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const [, cache] = /^CacheDirectory=(.+)$/m.exec(text)!;
  expect(text).toContain(`\nCacheDirectoryMode=0700\nEnvironment=NODE_COMPILE_CACHE=/var/cache/${cache}\n`);
});

it('the daemon and the timer’s unit have the same walls', () => {
  const walls = (name: string): string[] =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => /^(Protect|Private|Restrict|NoNew|Capability|System|ReadWrite|UMask|Lock|Remove)/.test(line));
  expect(walls('privyseal-agent-once.service')).toEqual(walls('privyseal-agent.service'));
  expect(walls('privyseal-agent.service').length).toBeGreaterThan(15);
});
