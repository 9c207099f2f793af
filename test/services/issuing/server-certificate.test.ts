/** The names of the service's own TLS certificate. */
import { expect, it } from 'vitest';
import { serverNamesOf } from '../../../src/services/issuing/server-certificate.ts';

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
