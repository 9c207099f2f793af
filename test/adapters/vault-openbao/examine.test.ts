/** What `privyseal doctor` finds of a vault in OpenBao. */
import { createPublicKey, hash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { examineOpenBao } from '#src/adapters/vault-openbao/examine-openbao.ts';
import { type BaoServer, startBao, tokenFor } from '../../support/bao-server.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { newMount, optionsFor } from './vault-under-test.ts';

describeWith('bao', 'examining a vault in OpenBao', () => {
  let server: BaoServer;
  let mount: string;
  beforeAll(async () => {
    server = await startBao({ program: pathOf('bao') });
    mount = await newMount(server);
    await server.ask('POST', `${mount}/keys/ca`, { type: 'ecdsa-p256' });
    await server.ask('POST', 'sys/policies/acl/ca', {
      policy: `path "${mount}/keys/ca" { capabilities = ["read"] }\npath "${mount}/sign/ca" { capabilities = ["update"] }`,
    });
  });
  afterAll(() => server.stop());

  const narrow = async () => ({
    ...optionsFor(server),
    mount,
    keys: ['ca'],
    tokenFile: server.write('narrow-token', await tokenFor(server, ['ca'])),
  });

  it('finds a narrow one well', async () => {
    const says = expect.not.stringContaining('policy default');
    expect(await examineOpenBao(await narrow(), [])).toMatchObject([{ check: 'vault', state: 'ok', says }]);
  });

  it('says what makes a well one slow', async () => {
    const made = await server.ask('POST', 'auth/token/create', { policies: ['ca'], period: '10m', no_parent: true });
    const tokenFile = server.write('default-token', made.auth.client_token);
    const [finding] = await examineOpenBao({ ...(await narrow()), tokenFile }, []);
    expect(finding).toMatchObject({ state: 'ok' });
    expect(finding!.says).toContain('policy default');
  });

  it('warns of a token that may do more than sign, and names what', async () => {
    const [finding] = await examineOpenBao({ ...optionsFor(server), mount, keys: ['ca'] }, []);
    expect(finding).toMatchObject({ state: 'warn' });
    expect(finding!.says).toContain(`${mount}/export/signing-key/ca`);
  });

  it.each([
    ['an address where nobody is', { address: 'https://127.0.0.1:9' }],
    ['another CA', { caFile: undefined }],
    ['a file that is not there', { caFile: '/nowhere/ca.pem' }],
  ])('fails for %s', async (_what, override) => {
    const { caFile, ...options } = await narrow();
    const given = { ...options, caFile, ...override };
    const { caFile: ca, ...rest } = given;
    expect(await examineOpenBao({ ...rest, ...(ca !== undefined && { caFile: ca }) }, [])).toMatchObject([
      { check: 'vault', state: 'fail' },
    ]);
  });

  it('fails for each key that cannot be used, and names it', async () => {
    await server.ask('POST', `${mount}/keys/wide`, { type: 'ecdsa-p256', exportable: true });
    const findings = await examineOpenBao({ ...optionsFor(server), mount, keys: ['ca', 'other', 'wide'] }, []);
    expect(findings.map(({ state }) => state)).toEqual(['warn', 'fail', 'fail']);
    expect(findings.map(({ says }) => / key (\w+):/.exec(says)?.[1])).toEqual([undefined, 'other', 'wide']);
  });

  it('fails for a key that is not the one that was certified, and for one that is not there', async () => {
    const certified = (key: string, publicKeySha256: string | null) =>
      ({ authority: `${key}-issuing`, vault: 'bao', key, publicKeySha256 }) as const;
    const { data } = await server.ask('GET', `${mount}/keys/ca`);
    const der = createPublicKey(data.keys['1'].public_key).export({ format: 'der', type: 'spki' });
    const options = await narrow();
    expect(await examineOpenBao(options, [certified('ca', hash('sha256', der))])).toHaveLength(1);
    const found = await examineOpenBao({ ...optionsFor(server), mount, keys: [] }, [
      certified('ca', hash('sha256', 'another')),
      certified('gone', null),
    ]);
    expect(found.map(({ state }) => state)).toEqual(['warn', 'fail', 'fail']);
    expect(found.map(({ says }) => /(\w+)-issuing/.exec(says)?.[1])).toEqual([undefined, 'gone', 'ca']);
  });

  it('fails while it is sealed, and says so', async () => {
    await server.seal();
    const [finding] = await examineOpenBao(await narrowWithoutServer(), []);
    expect(finding).toMatchObject({ state: 'fail' });
    expect(finding!.says).toContain('sealed');
    await server.unseal();
  });
  const narrowWithoutServer = async () => ({ ...optionsFor(server), mount });
});
