/** Every verb that reads a file says of one that cannot be read which it is, what it is for and why, with one code for each reason. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { at, commandLine, homeFor } from '../../support/command-line.ts';
import { startStubService } from '../../support/stub-service.ts';

const server = 'localhost:8443';

/** Arguments with FILE where it goes, and what the file is for. */
const readers: readonly (readonly [argv: string, what: string])[] = [
  ['audit verify FILE', 'the audit log'],
  ['audit verify --checkpoint FILE', 'the checkpoint'],
  ['audit verify plain --public-key FILE', 'what to trust'],
  [`handshake ${server} --ca FILE`, 'what to trust'],
  [`handshake ${server} --cert FILE --key FILE`, 'the client certificate'],
  ['list --ca FILE', 'the CA of the service'],
  ['list --cert FILE --key FILE', 'the client certificate'],
  ['request a.test --token-file FILE', 'the enrolment token'],
  ['keystore FILE/..', 'the private key'],
  ['operator add alice --role auditor --csr FILE', 'the CSR'],
  ['profile add -f FILE', 'the profile'],
  ['authority import dev-issuing FILE', 'the chain'],
  ['authority import-crl dev-issuing FILE', 'the CRL'],
  ['--home ceremony ceremony sign FILE --present a', 'the CSR'],
  ['context add prod --url https://ca.test --ca FILE', 'named by --ca'],
];
const credentials = [
  'what to trust',
  'the client certificate',
  'the CA of the service',
  'the enrolment token',
  'named by --ca',
];

it.each(readers)('%s: says what is wrong with the file', async (words, what) => {
  const service = await startStubService(() => ({ body: {} }));
  const cwd = homeFor(service);
  const missing = credentials.includes(what) ? 'credentialMissing' : 'fileMissing';
  writeFileSync(join(cwd, 'plain'), '');
  // Of a loop of links nothing can be read, by root neither.
  symlinkSync('loop', join(cwd, 'loop'));
  for (const folder of ['none', 'folder', 'loops']) mkdirSync(join(cwd, folder));
  mkdirSync(join(cwd, 'folder/key.pem'));
  symlinkSync('key.pem', join(cwd, 'loops/key.pem'));
  const said = async (path: string) => {
    const argv = words
      .replaceAll('FILE/..', path.replace(/\/key.pem$/, ''))
      .replaceAll('FILE', path)
      .split(' ');
    const { code, stderr } = await commandLine([...argv, ...(words.startsWith('context') ? [] : at(service))], {
      ...{ cwd, env: { XDG_CONFIG_HOME: join(cwd, 'config') } },
    });
    return [code, stderr.split('\n')[0]];
  };
  const [none, folder, loop] = ['none/key.pem', 'folder/key.pem', 'loops/key.pem'].map((name) => join(cwd, name));
  expect(await said('none/key.pem')).toEqual([
    2,
    expect.stringMatching(`^privyseal: ${missing}: There is no ${none}, ${what}.*\\. `),
  ]);
  expect(await said('loops/key.pem')).toEqual([
    1,
    expect.stringMatching(`^privyseal: fileUnreadable: ${loop}, ${what}.* \\(ELOOP\\)`),
  ]);
  if (what.startsWith('named')) return;
  expect(await said('folder/key.pem')).toEqual([
    1,
    expect.stringMatching(`^privyseal: fileUnreadable: ${folder}, ${what}.* a folder`),
  ]);
});
