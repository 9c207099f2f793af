/** The setting `vaults`: what is taken, and what a start is refused for, each with vault, key and what is allowed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Config, loadConfig } from '../src/config.ts';
import { rejectionOf } from './support/rejection.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const bao = { name: 'bao', kind: 'openbao', address: 'https://bao.example.org:8200', tokenFile: '/run/token' };

const hsm = { name: 'hsm', kind: 'pkcs11', module: '/usr/lib/hsm.so', tokenLabel: 'ca', pinFile: '/run/pin' };

/** With these settings in `privyseal.yaml`. */
function load(settings: object, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  const { path } = temporaryFolder();
  writeFileSync(join(path, 'privyseal.yaml'), stringify(settings));
  return loadConfig(env, path);
}

const refusal = async (settings: object, env?: NodeJS.ProcessEnv): Promise<string> => {
  const error = await rejectionOf(load(settings, env));
  expect(error).toMatchObject({ code: 'badConfiguration' });
  return (error as Error).message;
};

describe('vaults', () => {
  it('are none unless the settings name some', async () => {
    expect(await load({})).toMatchObject({ vault: 'file', vaults: [] });
  });

  it('are several side by side, with their defaults, and one of them is that of new authorities', async () => {
    const second = { ...bao, name: 'bao-2', auth: 'kubernetes', role: 'ca', keys: ['root', 'issuing:3'] };
    const { vault, vaults } = await load({ vault: 'bao-2', vaults: [bao, second] });
    expect(vault).toBe('bao-2');
    expect(vaults).toMatchObject([
      { ...bao, mount: 'transit', auth: 'token', keys: [], timeLimitSeconds: 5 },
      { ...second, serviceAccountTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
    ]);
  });

  it('must be one of them to be that of new authorities', async () => {
    expect(await refusal({ vault: 'gone', vaults: [bao] })).toMatch(/^vault is "gone", .*one of file, bao\.$/m);
  });

  it('have names of their own, and none is called file', async () => {
    expect(await refusal({ vaults: [bao, bao] })).toContain('"bao" twice');
    expect(await refusal({ vaults: [{ ...bao, name: 'file' }] })).toContain('"file" twice');
  });

  it.each([
    [{ kind: 'paper' }, 'vaults[0].kind is "paper"'],
    [{ name: 'No Name' }, 'vaults[0].name is "No Name"'],
    [{ name: undefined }, 'vaults[0].name is missing'],
    [{ address: 'http://bao:8200' }, 'vaults[0].address is "http://bao:8200"'],
    [{ address: 'https://bao:8200/v1' }, 'vaults[0].address is'],
    [{ address: 'https://bao:82000' }, 'vaults[0].address is "https://bao:82000", which is no URL'],
    [{ address: 'https://[::1' }, 'vaults[0].address is'],
    [{ keys: ['root:1', 'issuing', 'root:2'] }, 'vaults[0].keys has "root" twice'],
    [{ mount: '../sys' }, 'vaults[0].mount is "../sys"'],
    [{ namespace: 'a/../b' }, 'vaults[0].namespace is "a/../b"'],
    [{ keys: ['Root'] }, 'vaults[0].keys is ["Root"]'],
    [{ timeLimitSeconds: 60 }, 'vaults[0].timeLimitSeconds is 60'],
    [{ tokenfile: '/x' }, 'vaults[0].tokenfile: no such key'],
    [{ tokenFile: undefined }, 'vaults[0].tokenFile is missing'],
    [{ auth: 'appRole', roleIdFile: '/r' }, 'vaults[0].secretIdFile is missing'],
    [{ auth: 'certificate', certificateFile: '/c' }, 'vaults[0].keyFile is missing'],
    [{ certificateFile: '/c' }, 'vaults[0].keyFile is missing'],
    [{ auth: 'kubernetes' }, 'vaults[0].role is missing'],
  ])('are refused with %j', async (override, words) => {
    expect(await refusal({ vaults: [{ ...bao, ...override }] })).toContain(words);
  });

  it('of kind pkcs11 get their defaults', async () => {
    const { vaults } = await load({ vaults: [hsm] });
    expect(vaults).toEqual([{ ...hsm, sessions: 4, readWriteSessions: false, keys: [] }]);
  });

  it.each([
    [{ module: 'hsm.so' }, 'vaults[0].module is "hsm.so"'],
    [{ module: undefined }, 'vaults[0].module is missing'],
    [{ tokenLabel: undefined }, 'vaults[0].tokenLabel is missing'],
    [{ pinVariable: 'HSM_PIN' }, 'vaults[0] has pinFile and pinVariable'],
    [{ pinFile: undefined, pinVariable: 'PRIVYSEAL_PIN' }, 'vaults[0].pinVariable is'],
    [{ sessions: 0 }, 'vaults[0].sessions is 0'],
    [{ keys: ['root', 'root'] }, 'vaults[0].keys has "root" twice'],
    [{ pin: '1234' }, 'vaults[0].pin: no such key'],
    [{ keys: ['Root'] }, 'vaults[0].keys is ["Root"]'],
  ])('of kind pkcs11 are refused with %j', async (override, words) => {
    expect(await refusal({ vaults: [{ ...hsm, ...override }] })).toContain(words);
  });

  it('read one variable for each PIN, for it is removed once it is read', async () => {
    const { pinFile: _file, ...rest } = hsm;
    const of = (pinVariable: string, name = 'hsm') => ({ ...rest, name, pinVariable });
    const message = await refusal({ vaults: [of('HSM_PIN'), of('HSM_PIN', 'other')] });
    expect(message).toContain('vaults has pinVariable "HSM_PIN" twice');
    expect((await load({ vaults: [of('HSM_PIN'), of('OTHER_PIN', 'other')] })).vaults).toHaveLength(2);
  });

  it('are told every reason at once', async () => {
    const message = await refusal({ vaults: [{ ...bao, name: 'A', address: 'x', more: 1 }, { kind: 'none' }] });
    expect(message.split('\n').map((line) => line.split(/[ :]/)[0])).toEqual([
      'vaults[0].more',
      'vaults[0].name',
      'vaults[0].address',
      'vaults[1].kind',
    ]);
  });

  it('are mappings in a list, and come from the file only', async () => {
    expect(await refusal({ vaults: ['bao'] })).toContain('vaults is ["bao"]');
    expect(await refusal({ vaults: 'bao' })).toContain('vaults is "bao"');
    expect(await refusal({}, { PRIVYSEAL_VAULTS: 'bao' })).toContain('vaults is ["bao"]');
  });
});
