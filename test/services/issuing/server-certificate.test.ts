/** The service's own TLS certificate: its names, and what is said where it cannot be had. */
import { expect, it } from 'vitest';
import type { Vault } from '../../../src/ports/vault.ts';
import { serverNamesOf } from '../../../src/services/issuing/server-certificate.ts';
import { failingVault } from '../../support/changed-vault.ts';
import { firstRunService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();

const loopback = ['localhost', '127.0.0.1', '::1'];

it.each(['123456789012', 'ab--cd', 'xn--bcher-kva', 'under_score', '-', ''])(
  'a host name that no certificate can hold is left out: %j',
  (host) => {
    expect(serverNamesOf(host, [])).toEqual(loopback);
  },
);

it('the host name and the settings add theirs, each once', () => {
  expect(serverNamesOf('CA-1.Example', ['ca.example', 'ca-1.example', '127.0.0.1', '10.0.0.5'])).toEqual([
    'localhost',
    'ca-1.example',
    'ca.example',
    '127.0.0.1',
    '10.0.0.5',
    '::1',
  ]);
});

it('a start without the key of `system` says what that key is for', async () => {
  let fails = false;
  const wrapVault = (vault: Vault) => failingVault(vault, () => fails);
  const service = await firstRunService({ home: folder('away'), wrapVault });
  fails = true;
  await expect(service.issueServerCertificate()).rejects.toMatchObject({
    code: 'signerUnavailable',
    message: 'down The service has its own TLS certificate from system, whose key this is.',
  });
  await service.close();
});
