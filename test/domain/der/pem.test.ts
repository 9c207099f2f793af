import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, decodePem, decodePemAll, encodePem } from '../../../src/domain/der/pem.ts';
import { CaError } from '../../../src/domain/errors.ts';

function refusal(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error instanceof CaError ? [error.code, ...error.reasons.map(({ code }) => code)] : error;
  }
}

describe('PEM', () => {
  it('brings any content back, through any line ending', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (content) => {
        const pem = encodePem('CERTIFICATE', content);
        expect(pem.split('\n').every((line) => line.length <= 64)).toBe(true);
        expect(new Uint8Array(decodePem(pem, 'CERTIFICATE'))).toEqual(content);
        expect(new Uint8Array(decodePem(pem.replaceAll('\n', '\r\n'), 'CERTIFICATE'))).toEqual(content);
      }),
    );
  });

  it('may stand among explanations, as openssl req -text writes them', () => {
    const pem = encodePem('CERTIFICATE REQUEST', Buffer.of(1));
    expect(decodePem(`Certificate Request:\n    Data:\n${pem}\nend\n`, 'CERTIFICATE REQUEST')).toEqual(Buffer.of(1));
  });

  it('of a CSR may carry the label that keytool writes, but no mixture of the two', () => {
    const pem = encodePem('NEW CERTIFICATE REQUEST', Buffer.of(1));
    expect(decodePem(pem, 'CERTIFICATE REQUEST')).toEqual(Buffer.of(1));
    const mixed = pem.replace('END NEW ', 'END ');
    expect(refusal(() => decodePem(mixed, 'CERTIFICATE REQUEST'))).toEqual(['badCSR', 'notPem']);
  });

  it('of a certificate may not', () => {
    const pem = encodePem('NEW CERTIFICATE REQUEST', Buffer.of(1));
    expect(refusal(() => decodePem(pem, 'CERTIFICATE'))).toEqual(['malformed', 'wrongPemLabel']);
  });

  it('that is cut short is refused, also behind a whole one', () => {
    const whole = encodePem('CERTIFICATE', Buffer.of(1));
    const cut = whole.slice(0, whole.indexOf('-----END'));
    expect(refusal(() => decodePem(cut, 'CERTIFICATE'))).toEqual(['malformed', 'notPem']);
    expect(refusal(() => decodePemAll(whole + cut, 'CERTIFICATE'))).toEqual(['malformed', 'notPem']);
    expect(refusal(() => decodePemAll(`${whole}-----BEGIN CERTIFICATE`, 'CERTIFICATE'))).toEqual([
      'malformed',
      'notPem',
    ]);
  });

  it('reads a chain in its order', () => {
    const chain = [1, 2, 3].map((octet) => encodePem('CERTIFICATE', Buffer.of(octet))).join('');
    expect(decodePemAll(chain, 'CERTIFICATE')).toEqual([Buffer.of(1), Buffer.of(2), Buffer.of(3)]);
  });

  it('that is no CSR is malformed, not a bad CSR', () => {
    expect(refusal(() => decodePem('', 'CERTIFICATE'))).toEqual(['malformed', 'notPem']);
    expect(refusal(() => decodePemAll('', 'CERTIFICATE'))).toEqual(['malformed', 'notPem']);
  });

  it('is refused unread when it is larger than anything it could hold', () => {
    expect(refusal(() => decodePem('A'.repeat(5_000_000), 'CERTIFICATE'))).toEqual(['malformed', 'tooLarge']);
  });
});

describe('decodeBase64', () => {
  it.each(['AA', 'AA=', 'A===', 'AB==', 'A A=', 'AA==\n', '_-8=', 'AA==AA=='])('refuses %j', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});

describe('what people give in place of PEM is told as what it is:', () => {
  const csr = encodePem('CERTIFICATE REQUEST', Buffer.of(1));
  const base64 = csr.split('\n')[1]!;

  it.each<[string, string, string]>([
    ['nothing', '\r\n', 'is empty'],
    ['the base64 alone', base64, '-----BEGIN CERTIFICATE REQUEST-----'],
    ['UTF-16', Buffer.from(`\ufeff${csr}`, 'utf16le').toString('latin1'), 'UTF-16'],
    ['a byte order mark before it', `\ufeff${csr}`, 'byte order mark'],
    ['the same, read octet by octet', Buffer.from(`\ufeff${csr}`).toString('latin1'), 'byte order mark'],
    ['what curl --data makes of it', csr.replaceAll('\n', ''), '--data-binary'],
    ['what a shell makes of it without quotes', csr.trim().replaceAll('\n', ' '), 'line ends'],
    ['half of it', csr.split('-----END')[0]!, 'cut off'],
    ['two', csr + csr, '2 PEM blocks'],
    ['a certificate', encodePem('CERTIFICATE', Buffer.of(1)), 'a CERTIFICATE, not a CERTIFICATE REQUEST'],
    ['the private key', encodePem('PRIVATE KEY', Buffer.of(1)) + csr, 'make a new one'],
  ])('%s', (_what, text, told) => {
    try {
      decodePem(text, 'CERTIFICATE REQUEST');
      expect.unreachable();
    } catch (error) {
      expect((error as CaError).message).toContain(told);
    }
  });

  it('the label that was found is named as a value', () => {
    expect(() => decodePem(encodePem('EC PARAMETERS', Buffer.of(1)), 'CERTIFICATE REQUEST')).toThrowError(
      expect.objectContaining({ reasons: [expect.objectContaining({ value: 'EC PARAMETERS' })] }),
    );
  });
});
