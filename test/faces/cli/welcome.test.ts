import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { homeAsTyped, type StartReport, welcome } from '../../../src/faces/cli/welcome.ts';

const report = (home: string): StartReport => ({
  version: '1.2.3',
  firstRun: true,
  home,
  urls: { public: 'https://ca.test:8443', admin: 'https://ca.test:9443', distribution: 'http://ca.test:8080' },
  authorities: [{ name: 'system', subject: 'CN=system', sha256: 'ab'.repeat(32) }],
  files: [
    { path: `${home}/privyseal.db`, what: 'the inventory' },
    { path: `${home}/admin/admin.key`, what: 'private key of the operator admin' },
  ],
  passphraseFile: undefined,
  demo: { product: 'dev/demo', host: 'demo.dev.internal' },
});

const linesOf = (home: string): string[] => welcome(report(home)).split('\n');

describe('what a first run prints', () => {
  it.each(['data', '/srv/a/home/that/lies/deep/in/the/file/system'])('has its files under %s in columns', (home) => {
    const columns = linesOf(home)
      .filter((line) => line.startsWith(`  ${home}/`))
      .map((line) => / {2,}(?=[a-z]+ )/.exec(line.slice(2))!)
      .map(({ index, 0: blanks }) => index + blanks.length);
    expect(columns).toHaveLength(2);
    expect(new Set(columns).size).toBe(1);
  });

  it.each(['data', '/srv/my home', "/srv/it's; $(here)"])('names the home %s so that a shell reads it back', (home) => {
    const curl = linesOf(home).find((line) => line.includes('--data-binary'))!;
    const [, path] = /--cacert (.*) -H "Authorization/.exec(curl)!;
    expect(execFileSync('sh', ['-c', `printf %s ${path}`], { encoding: 'utf8' })).toBe(`${home}/trust/system.pem`);
  });

  it.each([
    ['/srv/project', '/srv/project/data', 'data'],
    ['/srv/project', '/srv/home', '/srv/home'],
    ['/srv/home', '/srv/home', '/srv/home'],
    ['/', '/var/lib/privyseal', '/var/lib/privyseal'],
  ])('from %s names the home %s as %s', (cwd, home, typed) => {
    expect(homeAsTyped(cwd, home)).toBe(typed);
  });
});
