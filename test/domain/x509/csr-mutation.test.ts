import fc from 'fast-check';
import forge from 'node-forge';
import { describe, expect, it } from 'vitest';
import { encodePem } from '../../../src/domain/der/pem.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { type Csr, parseCsr } from '../../../src/domain/x509/csr.ts';
import { basicConstraints, keyUsage } from '../../../src/domain/x509/extensions.ts';
import { buildCsr, generalName, subjectAltName } from '../../support/csr-builder.ts';
import { itWith, run } from '../../support/judges.ts';

const original = Buffer.from(
  buildCsr({
    extensions: [
      subjectAltName(generalName('demo.dev.internal'), generalName('10.0.0.1'), generalName('2001:db8::1')),
      basicConstraints({ ca: false }),
      keyUsage(['digitalSignature']),
    ],
  }),
);

/** Undefined if refused; anything else than a CaError is a defect and passes through. */
function parse(csr: Uint8Array): Csr | undefined {
  try {
    return parseCsr(csr, () => false);
  } catch (error) {
    if (error instanceof CaError) return undefined;
    throw error;
  }
}

const position = fc.nat(original.length - 1);
const flipped = fc.tuple(position, fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
  const csr = Buffer.from(original);
  csr[at]! ^= mask;
  return csr;
});
/** Replaces a short stretch by other bytes, or by a stretch from elsewhere in the same CSR. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  fc.tuple(position, fc.nat(64)).map(([from, length]) => original.subarray(from, from + length)),
);
const spliced = fc
  .tuple(position, fc.nat(8), bytes)
  .map(([at, length, inserted]) => Buffer.concat([original.subarray(0, at), inserted, original.subarray(at + length)]));
const cut = position.map((length) => original.subarray(0, length));
const mutated = fc.oneof(flipped, spliced, cut);

/** The type definitions lag behind the library, which takes options here. */
const fromDer = forge.asn1.fromDer as unknown as (
  bytes: forge.util.ByteStringBuffer,
  options: object,
) => forge.asn1.Asn1;

/** An independent codec's reading, written again. */
function reencoded(csr: Uint8Array): Buffer {
  const options = { strict: true, parseAllBytes: true, decodeBitStrings: false };
  const value = fromDer(forge.util.createBuffer(Buffer.from(csr).toString('latin1')), options);
  return Buffer.from(forge.asn1.toDer(value).getBytes(), 'latin1');
}

describe('a mutated CSR', () => {
  it('is refused with a CaError, or is what an independent codec would write', () => {
    let accepted = 0;
    fc.assert(
      fc.property(mutated, (csr) => {
        const parsed = parse(csr);
        if (!parsed) return;
        accepted++;
        expect(reencoded(csr)).toEqual(Buffer.from(csr));
      }),
      { numRuns: 3000 },
    );
    // Flips inside names and signature stay well formed; without them this property would say nothing.
    expect(accepted).toBeGreaterThan(50);
  });

  itWith('openssl', 'has, where it is accepted, the key and the names that openssl reads', async () => {
    const accepted = new Map<string, Csr>();
    for (const csr of fc.sample(flipped, { numRuns: 2000, seed: 20261121 })) {
      const parsed = parse(csr);
      // Mutations of the signature alone leave nothing to compare.
      if (parsed) accepted.set(parsed.names.map(({ value }) => value).join(), parsed);
      if (accepted.size >= 30) break;
    }
    expect(accepted.size).toBe(30);
    const readings = await Promise.all([...accepted.values()].map(readWithOpenssl));
    expect(readings).toEqual([...accepted.values()].map(ourReading));
  });
});

interface Reading {
  readonly key: string;
  readonly names: readonly string[];
}

const ourReading = ({ publicKey, names }: Csr): Reading => ({
  key: encodePem('PUBLIC KEY', publicKey.spkiDer),
  names: names.map(({ value }) => value),
});

async function readWithOpenssl({ der }: Csr): Promise<Reading> {
  const { stdout } = await run('openssl', ['req', '-inform', 'DER', '-noout', '-pubkey', '-text'], { input: der });
  const text = stdout.toString('latin1');
  const line = /Subject Alternative Name: *\n\s*(.*)\n/.exec(text)?.[1];
  const names = (line?.split(', ') ?? []).map((name) => {
    const [, kind, value = ''] = /^(DNS|IP Address):(.*)$/.exec(name) ?? [];
    return kind === 'DNS' ? value.toLowerCase() : compressed(value);
  });
  const key = /-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----\n/.exec(text)?.[0] ?? '';
  return { key, names: [...new Set(names)] };
}

/** openssl writes all eight groups; the URL parser knows RFC 5952. */
const compressed = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
