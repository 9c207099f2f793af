import { describe, expect, it } from 'vitest';
import type { BackupReport, OnProgress, RestoreReport } from '../../../../src/domain/backup/report.ts';
import { StartError } from '../../../../src/domain/errors.ts';
import { backupManifest } from '../../../support/backup-builders.ts';
import { commandLine } from '../../../support/command-line.ts';

const backedUp: BackupReport = {
  file: '/var/b.tar',
  size: 185_856,
  sha256: 'ab'.repeat(32),
  manifest: backupManifest(),
  notAudited: null,
};
const restored: RestoreReport = {
  home: '/srv/new',
  manifest: backupManifest(),
  lists: [
    { authority: 'dev-issuing', crlNumber: 9, thisUpdate: 1_767_225_600, isOver: false, revoked: 2, quarantined: 1 },
  ],
  later: [],
  aside: [],
  waiting: [],
  withoutCrl: ['dev-root'],
  unlisted: [],
  compromised: [],
  compromisedComing: [],
  paused: [],
  tokensEnded: true,
};

describe('privyseal backup', () => {
  const run = (argv: readonly string[], report = backedUp, columns?: number) => {
    const asked: unknown[] = [];
    const backUp = async (given: unknown, file: string, onProgress: OnProgress) => {
      asked.push(given, file);
      onProgress({ what: 'Copying the database', done: 1, total: 4 });
      return report;
    };
    const options = { deps: { backUp }, ...(columns !== undefined && { columns }) };
    return commandLine(argv, options).then((result) => ({ ...result, asked }));
  };

  it('tells what the file holds, and what it does not', async () => {
    const { code, stdout, stderr, asked } = await run(['backup', '/var/b.tar']);
    expect([code, stderr]).toEqual([0, '']);
    expect(asked).toEqual([{}, '/var/b.tar']);
    expect(stdout).toContain('/var/b.tar (185.9 kB)');
    expect(stdout).toMatch(/Does not hold .*passphrase/);
    expect(stdout).toContain('yes, as service.backedUp');
  });

  it('says why it was not audited', async () => {
    expect((await run(['backup', 'b.tar'], { ...backedUp, notAudited: 'It was locked.' })).stdout).toContain(
      'no. It was locked.',
    );
  });

  it('shows its progress to a person, and to nobody else', async () => {
    expect((await run(['backup', 'b.tar'], backedUp, 80)).stderr).toContain('Copying the database … 25 %');
    expect((await run(['backup', 'b.tar'])).stderr).toBe('');
  });

  it('answers a program as JSON, for the home that was named', async () => {
    const { stdout, asked } = await run(['--home', '/srv/ca', 'backup', 'b.tar', '--json']);
    expect(JSON.parse(stdout)).toEqual(backedUp);
    expect(asked[0]).toEqual({ home: '/srv/ca' });
  });

  it('ends at its next step when it is interrupted', async () => {
    const backUp = async (_given: unknown, _file: string, onProgress: OnProgress) => {
      process.emit('SIGTERM');
      onProgress({ what: 'Copying the database', done: 1, total: 4 });
      return backedUp;
    };
    const { code, stderr } = await commandLine(['backup', 'b.tar'], { deps: { backUp } });
    expect([code, stderr]).toEqual([1, expect.stringContaining('privyseal: interrupted: ')]);
    expect(process.listenerCount('SIGTERM')).toBe(0);
  });
});

describe('privyseal restore', () => {
  const run = (argv: readonly string[], restore: () => Promise<RestoreReport>) => {
    const asked: unknown[] = [];
    const deps = {
      restore: (given: unknown, input: unknown) => {
        asked.push(given, input);
        return restore();
      },
    };
    return commandLine(argv, { deps }).then((result) => ({ ...result, asked }));
  };

  it('passes on every list and admission, and tells what they changed and what to do next', async () => {
    const argv = [
      '--home',
      '/srv/new',
      'restore',
      'b.tar',
      '--crl',
      'a.crl',
      '--crl',
      'b.crl',
      '--without-crl',
      'dev-root',
    ];
    const { code, stdout, asked } = await run(argv, async () => restored);
    expect(code).toBe(0);
    const input = { file: 'b.tar', crls: ['a.crl', 'b.crl'], withoutCrl: ['dev-root'], keepTokens: false };
    expect(asked).toEqual([{ home: '/srv/new' }, input]);
    expect(stdout).toMatch(/dev-issuing +list 9 of .*: 2 revoked again, unknown serials kept as revoked: 1/);
    expect(stdout).toMatch(/dev-root +no list/);
    expect(stdout).toMatch(/Tokens +ended/);
    expect(stdout).toContain('privyseal --home /srv/new serve');
  });

  it('says of a list whose time is over that there may be a newer one, and of no other', async () => {
    const lists = restored.lists.map((list) => ({ ...list, isOver: true }));
    const { stdout } = await run(['restore', 'b.tar'], async () => ({ ...restored, lists }));
    expect(stdout).toMatch(
      /^dev-issuing +list 9 of .*It is over: if the service still ran then, there is a newer one/m,
    );
    expect((await run(['restore', 'b.tar'], async () => restored)).stdout).not.toContain('It is over');
  });

  it('keeps a column between the names of authorities, however long, and what is told of them', async () => {
    const lists = restored.lists.map((list) => ({ ...list, authority: 'staging-issuing' }));
    const argv = ['restore', 'b.tar', '--without-crl', 'staging-root-of-all'];
    const report = { ...restored, lists, withoutCrl: ['staging-root-of-all'] };
    const { stdout } = await run(argv, async () => report);
    expect(stdout).toMatch(/^staging-issuing {2,}list/m);
    expect(stdout).toMatch(/^staging-root-of-all {2,}no list/m);
  });

  it('names what was compromised after the backup, and what to do about it', async () => {
    const { stdout } = await run(['restore', 'b.tar'], async () => ({ ...restored, compromised: ['dev-root'] }));
    expect(stdout).toMatch(/^dev-root +was compromised after the backup: it issues nothing/m);
    expect(stdout).toContain('`authority compromise`');
  });

  it('names what was compromised before it came into force here, and what to give up', async () => {
    const { stdout } = await run(['restore', 'b.tar'], async () => ({
      ...restored,
      compromisedComing: ['dev-root.2'],
    }));
    expect(stdout).toMatch(/^dev-root\.2 +was compromised after the backup: what comes with it must not be used/m);
    expect(stdout).toContain('`authority rotate abandon dev-root`');
  });

  it('names what had retired with certificates that are good, and what to do about it', async () => {
    const unlisted = [{ authority: 'dev-issuing', good: 2 }];
    const { stdout } = await run(['restore', 'b.tar'], async () => ({ ...restored, unlisted }));
    expect(stdout).toMatch(/^dev-issuing +had retired: 2 good certificates, and no list tells what was revoked since/m);
    expect(stdout).toContain('Revoke again what was revoked of a retired authority');
  });

  it('names the keys that authorities got after the backup, and the lists that told it nothing, each with what to do', async () => {
    const later = [{ authority: 'dev-issuing', upTo: 2, files: ['dev-issuing.2.crl'] }];
    const aside = [
      { file: 'corp.crl', issuer: 'CN=Corp', authority: 'corp-external-root' },
      { file: 'x.crl', issuer: 'CN=X', authority: null },
    ];
    const { stdout } = await run(['restore', 'b.tar'], async () => ({ ...restored, later, aside }));
    expect(stdout).toMatch(/^dev-issuing +got another key after the backup, whose list is dev-issuing\.2\.crl /m);
    expect(stdout).toContain('  Rotate dev-issuing, ');
    expect(stdout).toMatch(/^Left aside +corp\.crl, of corp-external-root: give it to `authority import-crl`/m);
    expect(stdout).toMatch(/^Left aside +x\.crl, of CN=X, which the backup does not know/m);
  });

  it('warns of an authority that waited for its certificate', async () => {
    const { stdout } = await run(['restore', 'b.tar'], async () => ({ ...restored, waiting: ['corp-issuing'] }));
    expect(stdout).toMatch(/^corp-issuing +had no certificate yet\. If it got one after the backup, /m);
  });

  it('names the campaigns that it has paused, and what to do about them', async () => {
    const id = '019aa9f0-0000-7000-8000-000000000000';
    const { stdout } = await run(['restore', 'b.tar'], async () => ({ ...restored, paused: [id] }));
    expect(stdout).toMatch(new RegExp(`^Campaign +${id} is paused`, 'm'));
    expect(stdout).toContain('`campaign resume`');
  });

  it('asks in plain words for what is missing, as a refusal', async () => {
    const missing = new StartError('crlMissing', 'Give the newest list:\n- dev-root: published at http://ca.test');
    const { code, stderr } = await run(['restore', 'b.tar'], () => Promise.reject(missing));
    expect([code, stderr]).toEqual([
      3,
      'privyseal: crlMissing: Give the newest list:\n  - dev-root: published at http://ca.test\n',
    ]);
  });
});
