/** What a program wrote is shown without the secrets that it could read. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { withoutSecrets } from '#src/agent/activate/without-secrets.ts';

const newKey = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const set = { keyPem: newKey(), storePassword: 'a\\b$uick-brown' };
const keyLines = set.keyPem.trim().split('\n').slice(1, -1);
const left = (text: string): string => withoutSecrets(text, [set]);

describe('what a program wrote', () => {
  it('is left as it is where there is no secret in it', () => {
    const text = [
      'nginx: [emerg] cannot load certificate "/etc/nginx/tls/current/fullchain.pem"',
      'sha256//0kGm3yJvUQ2cXbq1dF1Gk9Qw7r2C5d8e9f0a1b2c3d4= is not /usr/local/share/ca-certificates',
      '-----BEGIN CERTIFICATE-----',
    ].join('\n');
    expect(left(text)).toBe(text);
  });

  it.each([
    ['whole', set.keyPem],
    ['without its beginning, as when much was written', keyLines.slice(3).join('\n')],
    ['without its end', set.keyPem.slice(0, 700)],
    ['with a line that was cut', keyLines[2]!.slice(0, 40)],
    ['in one line', set.keyPem.replaceAll('\n', ' ')],
    ['without any line end', keyLines.join('')],
    ['indented and with words before', keyLines.map((line) => `+ echo ${line}`).join('\n')],
  ])('has no private key of the target: %s', (_how, text) => {
    const shown = left(`begin\n${text}\nend`);
    expect(shown.startsWith('begin\n')).toBe(true);
    expect(keyLines.flatMap((line) => [line, line.slice(0, 32)]).filter((line) => shown.includes(line))).toEqual([]);
  });

  it('has nobody else’s private key, and what comes after that', () => {
    const other = newKey().replace('BEGIN PRIVATE', 'BEGIN RSA PRIVATE').replace('END PRIVATE', 'END RSA PRIVATE');
    expect(left(`one\n${other}two`)).toBe('one\n(private key left out)\ntwo');
  });

  it('has no password of the stores, however its backslash is written', () => {
    expect(left(String.raw`+ keytool -storepass a\b$uick-brown / a\\b$uick-brown`)).toBe(
      '+ keytool -storepass (password left out) / (password left out)',
    );
  });

  it('has no enrolment token', () => {
    const token = `pst_0123456789abcdef_${'A-_z'.repeat(11)}`.slice(0, 64);
    expect(left(`Bearer ${token}.`)).toBe('Bearer (token left out).');
  });

  it('is all there for a target without stores', () => {
    expect(withoutSecrets('abc', [{ ...set, storePassword: '' }])).toBe('abc');
  });
});
