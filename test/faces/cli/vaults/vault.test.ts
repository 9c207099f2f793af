/** `privyseal vault list` and `vault check`: what a person and a program see. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { VaultKeyCheckJson } from '../../../../src/api/vault.ts';
import type { PassphraseChange, PassphraseSplit, ShareHandout } from '../../../../src/domain/records/vault-change.ts';
import type { VaultActs } from '../../../../src/faces/cli/vaults/vault-verbs.ts';
import { at, type CommandLineOptions, commandLine, homeFor } from '../../../support/command-line.ts';
import { type Responder, startStubService } from '../../../support/stub-service.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function run(respond: Responder, argv: readonly string[], options: CommandLineOptions = {}) {
  const service = await startStubService(respond);
  const result = await commandLine(['vault', ...argv, ...at(service)], { cwd: homeFor(service), ...options });
  return { ...result, requests: service.requests.map(({ method, path }) => `${method} ${path}`) };
}

const key = (change: Partial<VaultKeyCheckJson> = {}): VaultKeyCheckJson => ({
  ...{
    authority: 'dev-root',
    generation: 2,
    key: 'dev-root.1f0c9a2e',
    keyType: 'ec-p256',
    signatureAlgorithm: 'ecdsa-with-SHA256',
  },
  ...{ verified: true, fault: null, latencyMs: 0.2534, slowestMs: 1.5, signaturesPerSecond: 4012.3 },
  ...change,
});
const broken = key({
  ...{ authority: 'dev-issuing', verified: false, latencyMs: null, slowestMs: null, signaturesPerSecond: null },
  fault: { code: 'signerUnavailable', message: 'The token is gone.' },
});
const checked = (...keys: readonly VaultKeyCheckJson[]) => ({
  body: { name: 'hsm', checkedAt: '2026-11-21T06:30:00Z', fault: null, keys },
});
const away = { code: 'signerUnavailable', message: 'The vault hsm cannot do this now: it is sealed; unseal it.' };

describe('vault list', () => {
  const vaults = [
    { name: 'file', configured: true, fault: null, takesNewAuthorities: true, authorities: ['dev-root', 'system'] },
    { name: 'hsm', configured: true, fault: away, takesNewAuthorities: false, authorities: [] },
    {
      ...{ name: 'old-hsm', configured: false, takesNewAuthorities: false, authorities: ['prod-root'] },
      fault: { code: 'signerUnavailable', message: 'The vault old-hsm is not configured.' },
    },
  ];

  it('says which vaults there are, whose keys they hold, and what is wrong with them', async () => {
    const { code, stdout, requests } = await run(() => ({ body: { items: vaults, nextCursor: null } }), ['list']);
    expect([code, requests]).toEqual([0, ['GET /v1/vaults']]);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^VAULT +STATE +AUTHORITIES$/),
      expect.stringMatching(/^file +ready, for new authorities +dev-root, system$/),
      expect.stringMatching(/^hsm +not ready +-$/),
      expect.stringMatching(/^old-hsm +not configured +prod-root$/),
      '',
      `hsm: signerUnavailable: ${away.message}`,
      'old-hsm: signerUnavailable: The vault old-hsm is not configured.',
      '',
    ]);
  });

  it('answers a program as JSON', async () => {
    const { stdout } = await run(() => ({ body: { items: vaults, nextCursor: null } }), ['list', '--json']);
    expect(JSON.parse(stdout)).toEqual({ items: vaults });
  });
});

describe('vault check', () => {
  it('prints rate and latency of each key that signs', async () => {
    const { code, stdout, requests } = await run(() => checked(key()), ['check', 'hsm']);
    expect([code, requests]).toEqual([0, ['POST /v1/vaults/hsm/check']]);
    expect(stdout).toMatch(
      /^dev-root +2 +dev-root.1f0c9a2e +ecdsa-with-SHA256 +verified +0.253 ms +1.5 ms +4010 \/s$/m,
    );
  });

  it('ends with 1 when a key does not sign, and says why', async () => {
    const { code, stdout } = await run(() => checked(key(), broken), ['check', 'hsm']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^dev-issuing .* failed +- +- +-$/m);
    expect(stdout).toContain('dev-issuing: signerUnavailable: The token is gone.\n');
  });

  it('answers a program as JSON, with the same ending', async () => {
    const { code, stdout } = await run(() => checked(broken), ['check', 'hsm', '--json']);
    expect([code, JSON.parse(stdout)]).toEqual([1, checked(broken).body]);
  });

  it('says when there is nothing to check', async () => {
    const { code, stderr } = await run(() => checked(), ['check', 'hsm']);
    expect([code, stderr]).toEqual([0, 'The vault hsm holds the key of no authority.\n']);
  });

  it('ends with 1 when the vault is away, though there is nothing to check', async () => {
    const found = { body: { ...checked().body, fault: away } };
    const { code, stderr } = await run(() => found, ['check', 'hsm']);
    expect([code, stderr]).toEqual([
      1,
      `The vault hsm holds the key of no authority.\nhsm: signerUnavailable: ${away.message}\n`,
    ]);
    expect((await run(() => found, ['check', 'hsm', '--json'])).code).toBe(1);
  });

  it('fits a narrow terminal', async () => {
    const { stdout } = await run(() => checked(key(), broken), ['check', 'hsm'], { columns: 60 });
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    const table = stdout.replaceAll(escapes, '').split('\n').slice(0, 3);
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});

describe('vault passwd', () => {
  const change: PassphraseChange = {
    ...{ vault: '/srv/ca/vault', keys: 1, source: 'file', keptIn: null, notAudited: null },
    written: ['/srv/ca/vault/system.1f0c9a2e.key.json', '/srv/ca/vault/vault.json'],
    removed: ['/srv/ca/vault/passphrase', '/srv/ca/vault/shares.json'],
    missing: [],
  };

  function passwd(argv: readonly string[], { answer = change, input = '' } = {}) {
    const asked: unknown[] = [];
    const changePassphrase: VaultActs['changePassphrase'] = async (given, options, console) => {
      asked.push(given, options, await console.ask('Old: '), await console.ask('New: '));
      return answer;
    };
    return commandLine(['vault', 'passwd', ...argv], { deps: { changePassphrase }, input, cwd: '/work-folder' }).then(
      (result) => ({ ...result, asked }),
    );
  }

  it('hands files on by name, and asks for what no file holds', async () => {
    const argv = ['--old-passphrase-file', 'old', '--earlier-passphrase-file', 'earlier', '--keep-in-home'];
    const { code, asked } = await passwd(['--home', '/srv/ca', ...argv], { input: 'one\ntwo\n' });
    const options = { oldFile: '/work-folder/old', earlierFile: '/work-folder/earlier', keepInHome: true };
    expect([code, asked]).toEqual([0, [{ home: '/srv/ca' }, options, 'one', 'two']]);
  });

  it('says what was done, and where the passphrase belongs now', async () => {
    const { stdout } = await passwd([]);
    expect(stdout).toMatch(/^Sealed anew +1 key$/m);
    expect(stdout).toMatch(/^Written +system.1f0c9a2e.key.json\n +vault.json$/m);
    expect(stdout).toMatch(/^Removed +passphrase, which held the old one\n +shares.json, /m);
    expect(stdout).not.toContain('Missing');
    expect(stdout).toContain('into the file of PRIVYSEAL_VAULT_PASSPHRASE_FILE before the next start');
  });

  it('names the keys that were not there to be sealed anew, and what that means', async () => {
    const missing = [{ authority: 'dev-root', file: '/srv/ca/vault/dev-root.40a2c1f7.key.json' }];
    const { stdout } = await passwd([], { answer: { ...change, missing } });
    expect(stdout).toMatch(/^Missing +dev-root.40a2c1f7.key.json, the key of dev-root$/m);
    expect(stdout).toContain('What is missing was not sealed anew');
    expect(stdout).toContain('`vault passwd --earlier-passphrase-file FILE`');
    const unknown = await passwd([], { answer: { ...change, missing: null } });
    expect(unknown.stdout).toMatch(/^Missing +not known/m);
  });

  it('answers a program as JSON', async () => {
    expect(JSON.parse((await passwd(['--json'])).stdout)).toEqual(change);
  });

  it('takes no passphrase as an argument', async () => {
    expect((await passwd(['hunter2'])).code).toBe(2);
  });
});

describe('vault split', () => {
  const handout: ShareHandout = { set: '4f2a91c7', threshold: 2, shares: ['AAAAA-1', 'BBBBB-2', 'CCCCC-3'] };
  const report: PassphraseSplit = {
    ...{ vault: '/srv/ca/vault', set: '4f2a91c7', shares: 3, threshold: 2, fresh: true, keys: 4, source: 'file' },
    ...{ written: ['/srv/ca/vault/shares.json'], removed: [], missing: [], notAudited: null },
  };

  function split(argv: readonly string[], options: CommandLineOptions = {}) {
    const asked: unknown[] = [];
    const splitVault: VaultActs['splitVault'] = async (_given, input, _console, deliver) => {
      asked.push(input);
      await deliver(handout, () => undefined);
      return report;
    };
    const counts = ['--shares', '3', '--threshold', '2'];
    return commandLine(['vault', 'split', ...counts, ...argv], { deps: { splitVault }, ...options }).then((result) => ({
      ...result,
      asked,
    }));
  }

  it('shows the shares on a terminal, and changes nothing before the person says that they are written down', async () => {
    const { code, stdout, asked } = await split([], { columns: 80, input: 'y\n' });
    expect([code, asked]).toEqual([0, [{ shares: 3, threshold: 2, keepPassphrase: false }]]);
    for (const share of handout.shares) expect(stdout).toMatch(new RegExp(`^ {2}${share}$`, 'm'));
    expect(stdout).toContain('Take PRIVYSEAL_VAULT_PASSPHRASE_FILE and the file it names away');
  });

  it.each(['n\n', '\n', ''])('is declined by %j', async (input) => {
    const { code, stderr } = await split([], { columns: 80, input });
    expect([code, stderr]).toEqual([1, expect.stringContaining('declined')]);
  });

  it('writes a file for each holder, for its owner alone, in a new folder', async () => {
    const out = join(temporaryFolder().path, 'shares');
    const { code, stdout } = await split(['--out', out, '--json']);
    expect([code, JSON.parse(stdout)]).toEqual([0, { ...report, out }]);
    expect(readdirSync(out)).toEqual(['share-1.txt', 'share-2.txt', 'share-3.txt']);
    expect(readFileSync(join(out, 'share-2.txt'), 'utf8')).toBe('BBBBB-2\n');
    expect([statSync(out), statSync(join(out, 'share-1.txt'))].map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600]);
    expect((await split(['--out', out])).code).toBe(8);
  });

  it('never writes shares to a pipe', async () => {
    for (const argv of [[], ['--json'], ['--yes']]) {
      const { code, stdout, asked } = await split(argv);
      expect([code, stdout, asked]).toEqual([2, '', []]);
    }
  });

  it.each([
    ['--threshold', '4'],
    ['--threshold', '1'],
    ['--shares', '256'],
    ['--shares', 'five'],
  ])('refuses %s %s', async (...argv) => {
    expect((await split(argv, { columns: 80, input: 'y\n' })).code).toBe(2);
  });
});
