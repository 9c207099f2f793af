/** Signature algorithms: one row each with its AlgorithmIdentifier bytes and what node:crypto needs to sign or verify. */
import { explicit, nullValue, oid, sequence, smallInteger } from '../der/writer.ts';
import { type KeyFamily, type KeyType, keyFamily } from './key-type.ts';
import { oids } from './oids.ts';

export type SignatureAlgorithmName =
  | 'ecdsa-with-SHA256'
  | 'ecdsa-with-SHA384'
  | 'ecdsa-with-SHA512'
  | 'sha256WithRSAEncryption'
  | 'sha384WithRSAEncryption'
  | 'sha512WithRSAEncryption'
  | 'rsassa-pss-sha256'
  | 'rsassa-pss-sha384'
  | 'rsassa-pss-sha512'
  | 'ed25519';

export interface SignatureAlgorithm {
  readonly name: SignatureAlgorithmName;
  readonly keyFamily: KeyFamily;
  /** node:crypto digest; null for Ed25519, which hashes by itself. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  /** Salt length in octets for RSASSA-PSS, which is the length of the hash. */
  readonly pssSaltLength?: number;
  /** DER of AlgorithmIdentifier; the only encoding accepted in CSRs, too. */
  readonly identifierDer: Uint8Array;
}

/** RFC 5758 §3.2: ECDSA parameters are absent. */
const ecdsa = (name: SignatureAlgorithmName, hash: SignatureAlgorithm['hash'], dotted: string): SignatureAlgorithm => ({
  name,
  keyFamily: 'ec',
  hash,
  identifierDer: sequence(oid(dotted)),
});

/** RFC 4055 §5: PKCS#1 v1.5 parameters are NULL. */
const pkcs1 = (name: SignatureAlgorithmName, hash: SignatureAlgorithm['hash'], dotted: string): SignatureAlgorithm => ({
  name,
  keyFamily: 'rsa',
  hash,
  identifierDer: sequence(oid(dotted), nullValue()),
});

/** RFC 4055 §3.1: hash, MGF1 with the same hash, salt as long as the hash; trailerField is DEFAULT 1, so absent. */
function pss(name: SignatureAlgorithmName, hash: 'sha256' | 'sha384' | 'sha512', salt: number): SignatureAlgorithm {
  const digest = sequence(oid(oids[hash]), nullValue());
  const parameters = sequence(
    explicit(0, digest),
    explicit(1, sequence(oid(oids.idMgf1), digest)),
    explicit(2, smallInteger(salt)),
  );
  return {
    name,
    keyFamily: 'rsa',
    hash,
    pssSaltLength: salt,
    identifierDer: sequence(oid(oids.idRsassaPss), parameters),
  };
}

export const signatureAlgorithms: Readonly<Record<SignatureAlgorithmName, SignatureAlgorithm>> = {
  'ecdsa-with-SHA256': ecdsa('ecdsa-with-SHA256', 'sha256', oids.ecdsaWithSHA256),
  'ecdsa-with-SHA384': ecdsa('ecdsa-with-SHA384', 'sha384', oids.ecdsaWithSHA384),
  'ecdsa-with-SHA512': ecdsa('ecdsa-with-SHA512', 'sha512', oids.ecdsaWithSHA512),
  sha256WithRSAEncryption: pkcs1('sha256WithRSAEncryption', 'sha256', oids.sha256WithRSAEncryption),
  sha384WithRSAEncryption: pkcs1('sha384WithRSAEncryption', 'sha384', oids.sha384WithRSAEncryption),
  sha512WithRSAEncryption: pkcs1('sha512WithRSAEncryption', 'sha512', oids.sha512WithRSAEncryption),
  'rsassa-pss-sha256': pss('rsassa-pss-sha256', 'sha256', 32),
  'rsassa-pss-sha384': pss('rsassa-pss-sha384', 'sha384', 48),
  'rsassa-pss-sha512': pss('rsassa-pss-sha512', 'sha512', 64),
  // RFC 8410 §3: parameters are absent.
  ed25519: { name: 'ed25519', keyFamily: 'ed25519', hash: null, identifierDer: sequence(oid(oids.idEd25519)) },
};

/** What an authority with this key signs with unless configured otherwise: the hash fits the curve, RSA is PKCS#1 v1.5. */
export function defaultSignatureAlgorithm(type: KeyType): SignatureAlgorithm {
  if (type === 'ec-p384') return signatureAlgorithms['ecdsa-with-SHA384'];
  if (type === 'ec-p521') return signatureAlgorithms['ecdsa-with-SHA512'];
  const byFamily = { ec: 'ecdsa-with-SHA256', rsa: 'sha256WithRSAEncryption', ed25519: 'ed25519' } as const;
  return signatureAlgorithms[byFamily[keyFamily(type)]];
}

const byIdentifier = new Map(
  Object.values(signatureAlgorithms).map((algorithm) => [latin1(algorithm.identifierDer), algorithm]),
);

/** The row of a whole AlgorithmIdentifier TLV; undefined for any other algorithm, parameters or encoding. */
export const findSignatureAlgorithm = (identifierDer: Uint8Array): SignatureAlgorithm | undefined =>
  byIdentifier.get(latin1(identifierDer));

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
