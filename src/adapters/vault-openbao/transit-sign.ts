/** One request of transit's `sign` for one or many inputs, and its signatures; every trap of that API is in here. */
import { hash } from 'node:crypto';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import { BaoError } from './bao-trouble.ts';
import { recordOf } from './record-of.ts';
import type { TransitKey } from './transit-keys.ts';

/** The body for one input, or for several at once. */
export function signBody(key: TransitKey, algorithm: SignatureAlgorithm, tbs: readonly Uint8Array[]): object {
  const options = optionsOf(key, algorithm);
  const inputs = tbs.map((each) => inputOf(algorithm, each));
  const [only] = inputs;
  if (inputs.length === 1) return { input: only, ...options };
  return { batch_input: inputs.map((input) => ({ input })), ...options };
}

/** The hash is made here: a megabyte of a CRL need not travel. Ed25519 hashes by itself. */
const inputOf = ({ hash: digest }: SignatureAlgorithm, tbs: Uint8Array): string =>
  digest === null ? Buffer.from(tbs).toString('base64') : hash(digest, tbs, 'base64');

const hashNames = { sha256: 'sha2-256', sha384: 'sha2-384', sha512: 'sha2-512' } as const;

/**
 * All that has a default is said: without `signature_algorithm` RSA signs PSS, without `key_version` the newest version does.
 * The version is text, for so alone can a policy demand it.
 */
function optionsOf({ version }: TransitKey, algorithm: SignatureAlgorithm): object {
  const key_version = String(version);
  if (algorithm.hash === null) return { key_version };
  const hashed = { prehashed: true, hash_algorithm: hashNames[algorithm.hash], key_version };
  if (algorithm.keyFamily === 'ec') return { ...hashed, marshaling_algorithm: 'asn1' };
  if (algorithm.pssSaltLength === undefined) return { ...hashed, signature_algorithm: 'pkcs1v15' };
  return { ...hashed, signature_algorithm: 'pss', salt_length: 'hash' };
}

/** The signatures in order; an Error in the place of one that the backend did not make. BaoError when it is no such answer. */
export function readSignatures(
  json: Readonly<Record<string, unknown>>,
  key: TransitKey,
  count: number,
): readonly (Uint8Array | BaoError)[] {
  const data = recordOf(json.data);
  if (count === 1) return [readSignature(data, key)];
  const results = data.batch_results;
  if (!Array.isArray(results) || results.length !== count)
    throw new BaoError('badRequest', 'another number of signatures');
  return results.map((result) => readSignature(recordOf(result), key));
}

/** Such as `vault:v1:` and base64. */
const form = /^vault:v(\d+):([A-Za-z0-9+/]+={0,2})$/;

function readSignature(
  result: Readonly<Record<string, unknown>>,
  { version, facts }: TransitKey,
): Uint8Array | BaoError {
  const match = typeof result.signature === 'string' ? form.exec(result.signature) : null;
  if (!match) return new BaoError('badRequest', 'an answer without a signature');
  if (Number(match[1]) !== version) return new BaoError('spoilt', `signed by version ${match[1]}`);
  const signature = Buffer.from(match[2]!, 'base64');
  // DER, a SEQUENCE of r and s, and not the two side by side as for a JWS.
  if (facts.type.startsWith('ec') && signature[0] !== 0x30) return new BaoError('spoilt', 'not DER');
  return signature;
}
