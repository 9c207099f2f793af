/** Settings that are wrong stop the start with all that is wrong with them at once. */
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { homeOfSettings } from '../src/settings-file.ts';
import { suiteFolder } from './support/suite-folder.ts';

const folder = suiteFolder();
const load = (env: NodeJS.ProcessEnv) => loadConfig(env, folder('.'));

it('tells of unknown settings beside those that have a wrong value', async () => {
  const message = await load({ PRIVYSEAL_BOGUS: '1', PRIVYSEAL_METRICS_PRODUCTS: '-1' }).catch(String);
  expect(message).toContain('PRIVYSEAL_BOGUS: no such setting');
  expect(message).toContain('metricsProducts is "-1"');
});

it.each(['a b', '10.0.0.256', 'https://ca.example.org', 'ops@example.org'])(
  'refuses %s as a name of the server, with the key and the value',
  async (name) => {
    await expect(load({ PRIVYSEAL_SERVER_NAMES: `ca.example.org,${name}` })).rejects.toMatchObject({
      code: 'badConfiguration',
      message: expect.stringContaining(`serverNames has "${name}"`),
    });
  },
);

it.each(['http://[', 'http://::::', 'http://-', 'http://a:99999', 'http://a:', 'http://pki.example.org/a/../b'])(
  'refuses %s as what certificates carry',
  async (url) => {
    await expect(load({ PRIVYSEAL_DISTRIBUTION_URL: url })).rejects.toMatchObject({
      code: 'badConfiguration',
      message: expect.stringMatching(/^distributionUrl is "[^"]+", but must have a DNS name/),
    });
  },
);

it.each(['http://pki.example.org', 'http://PKI.example.org:8080/', 'http://10.0.0.5/pki/a', 'http://[fd00::1]:8080'])(
  'takes %s as what certificates carry',
  async (distributionUrl) => {
    expect(await load({ PRIVYSEAL_DISTRIBUTION_URL: distributionUrl })).toMatchObject({ distributionUrl });
  },
);

it('takes a variable that is set to nothing for one that is not set', async () => {
  const names = ['HOME', 'CONFIG', 'HOST', 'DISTRIBUTION_URL', 'SERVER_NAMES'];
  const set = Object.fromEntries(names.map((name) => [`PRIVYSEAL_${name}`, '']));
  expect(await load(set)).toEqual(await load({}));
});

it('takes DNS names and addresses as names of the server', async () => {
  const { serverNames } = await load({ PRIVYSEAL_SERVER_NAMES: 'ca.example.org, 10.0.0.5, fd00::1' });
  expect(serverNames).toEqual(['ca.example.org', '10.0.0.5', 'fd00::1']);
});

it.each([
  ['home: pki\n', 'pki'],
  ['publicPort: 9\nhome: pki\n', 'pki'],
  ['publicPort: 9\n', undefined],
])('has the home of %j for whoever asks for that alone', async (text, home) => {
  writeFileSync(folder('settings.yaml'), text);
  const env = { PRIVYSEAL_CONFIG: 'settings.yaml' };
  expect(await homeOfSettings(env, folder('.'))).toBe(home && folder(home));
});
