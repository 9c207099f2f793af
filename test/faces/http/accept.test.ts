/** Content negotiation as RFC 9110 §12.5.1 has it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { negotiate } from '../../../src/faces/http/accept.ts';

const offers = ['application/json', 'text/csv', 'application/pkcs7-mime;smime-type=certs-only'] as const;

describe('negotiate', () => {
  it.each([
    [undefined, 0],
    ['', 0],
    ['text/csv', 1],
    ['TEXT/CSV', 1],
    ['text/*', 1],
    ['application/*', 0],
    ['text/csv;q=0.5, application/json;q=0.4', 1],
    ['text/csv;q=0.5, application/json;q=0.5', 0],
    ['*/*;q=0.1, text/csv', 1],
    ['application/json;q=0, */*', 1],
    ['application/pkcs7-mime', 2],
    ['application/pkcs7-mime;smime-type="certs-only"', 2],
    ['text/*;q=1.0 , text/csv;q=0, application/json;q=0.001', 0],
    ['text/csv;q=.3, application/json;q=0.2999', 1],
    // Java's HttpURLConnection, up to Java 20.
    ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 0],
  ])('takes for %s the offer %i', (accept, index) => {
    expect(negotiate(accept, offers)).toBe(offers[index]);
  });

  it.each([
    'text/html',
    'application/json;q=0',
    'text/csv;q=2',
    'text/csv;q=.',
    'text/csv;q=-0.1',
    'text/csv;q=1.1',
    'text/csv;q=x',
    'application/pkcs7-mime;smime-type=enveloped-data',
    'json',
    '*',
    ',,,',
  ])('refuses %s', (accept) => {
    expect(() => negotiate(accept, offers)).toThrow(expect.objectContaining({ code: 'notAcceptable' }));
  });

  it('answers an offer or notAcceptable, whatever the field holds', () => {
    const field = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom('text/', 'csv', '*', '/', ';', 'q=', '0.5', ',', '"', ' ', 'application/json'))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(field, (accept) => {
        try {
          expect(offers).toContain(negotiate(accept, offers));
        } catch (error) {
          expect(error).toMatchObject({ code: 'notAcceptable' });
        }
      }),
    );
  });
});
