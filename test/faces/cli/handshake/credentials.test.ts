/** What `handshake` says of files that it cannot use, before it connects anywhere. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../../support/command-line.ts';
import { clientOf, keyPem, productRoot, system } from '../../../support/face-tls.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const client = clientOf(productRoot);
const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const files = {
  'c.pem': client.pem,
  'c.der': client.der,
  'k.pem': keyPem(client),
  'other.pem': other.export({ type: 'pkcs8', format: 'pem' }).toString(),
  'encrypted.pem': client.key.privateKey.export(cipher).toString(),
  'ca.pem': system.pem,
};

describe('the files of a handshake', () => {
  it.each([
    ['a key of another certificate', ['--cert', 'c.pem', '--key', 'other.pem'], 'not the key'],
    ['a key that is encrypted', ['--cert', 'c.pem', '--key', 'encrypted.pem'], 'encrypted'],
    ['a key that is none', ['--cert', 'c.pem', '--key', 'ca.pem'], 'no private key'],
    ['a certificate in DER', ['--cert', 'c.der', '--key', 'k.pem'], 'no certificate in PEM'],
    ['roots that are none', ['--ca', 'k.pem'], 'no certificate in PEM'],
    ['a name that is empty', ['--servername', ''], 'servername'],
  ])('are refused with their name: %s', async (_what, options, words) => {
    const { path, write } = temporaryFolder();
    for (const [name, content] of Object.entries(files)) write(name, content);
    const { code, stderr } = await commandLine(['handshake', 'localhost:1', ...options], { cwd: path });
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
    if (options.length === 4) expect(stderr).toContain(options[words.startsWith('no certificate') ? 1 : 3]);
  });

  it('may be a pair, and roots', async () => {
    const { path, write } = temporaryFolder();
    for (const [name, content] of Object.entries(files)) write(name, content);
    const options = ['--cert', 'c.pem', '--key', 'k.pem', '--ca', 'ca.pem'];
    expect((await commandLine(['handshake', 'localhost:1', ...options], { cwd: path })).code).toBe(4);
  });
});
