/** How each signature algorithm is asked for: mechanism, its parameter, what goes in, and how what comes out is encoded. */
import { hash } from 'node:crypto';
import { nullValue, octetString, sequence, unsignedInteger } from '../../domain/der/writer.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import { oidDer } from '../../domain/x509/oid-der.ts';
import type { SignatureAlgorithmName } from '../../domain/x509/signature-algorithm.ts';
import type { Mechanism } from './cryptoki.ts';
import { ckg, ckm, pssParameters } from './cryptoki-numbers.ts';

type Hash = 'sha256' | 'sha384' | 'sha512';

export interface SigningWay {
  readonly mechanism: Mechanism;
  input(tbs: Uint8Array, type: KeyType): Buffer;
  /** From the module's octets to the content of signatureValue. */
  output(signature: Uint8Array): Uint8Array;
}

const bare = (mechanism: number): Mechanism => ({ mechanism, parameter: null });
const whole = (tbs: Uint8Array): Buffer => Buffer.from(tbs.buffer, tbs.byteOffset, tbs.length);
const unchanged = (signature: Uint8Array): Uint8Array => signature;

/** FIPS 186-5 §6.4.1: of a hash longer than the curve's order the leftmost bits; not every module cuts it itself. */
const longestHash: Readonly<Partial<Record<KeyType, number>>> = { 'ec-p256': 32, 'ec-p384': 48 };

/** Two integers of equal length (PKCS#11 3.1 §6.3.1) to Ecdsa-Sig-Value (RFC 3279 §2.2.3). */
function ecdsaSigValue(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  return sequence(unsignedInteger(signature.subarray(0, half)), unsignedInteger(signature.subarray(half)));
}

const ecdsa = (name: Hash, hashing: number): readonly SigningWay[] => [
  {
    mechanism: bare(ckm.ecdsa),
    input: (tbs, type) => hash(name, tbs, 'buffer').subarray(0, longestHash[type]),
    output: ecdsaSigValue,
  },
  { mechanism: bare(hashing), input: whole, output: ecdsaSigValue },
];

/** RFC 8017 §9.2: DigestInfo, which the mechanism without a hash only pads. */
const digestInfo = (name: Hash, tbs: Uint8Array): Buffer =>
  Buffer.from(sequence(sequence(oidDer[name], nullValue()), octetString(hash(name, tbs, 'buffer'))));

const pkcs1 = (name: Hash, hashing: number): readonly SigningWay[] => [
  { mechanism: bare(ckm.rsaPkcs), input: (tbs) => digestInfo(name, tbs), output: unchanged },
  { mechanism: bare(hashing), input: whole, output: unchanged },
];

const pssOf: Readonly<Record<Hash, { hashAlg: number; mgf: number; saltLen: number }>> = {
  sha256: { hashAlg: ckm.sha256, mgf: ckg.mgf1Sha256, saltLen: 32 },
  sha384: { hashAlg: ckm.sha384, mgf: ckg.mgf1Sha384, saltLen: 48 },
  sha512: { hashAlg: ckm.sha512, mgf: ckg.mgf1Sha512, saltLen: 64 },
};

function pss(name: Hash, hashing: number): readonly SigningWay[] {
  const parameter = { type: pssParameters, ...pssOf[name] };
  return [
    {
      mechanism: { mechanism: ckm.rsaPkcsPss, parameter },
      input: (tbs) => hash(name, tbs, 'buffer'),
      output: unchanged,
    },
    { mechanism: { mechanism: hashing, parameter }, input: whole, output: unchanged },
  ];
}

/** The first that the token has is taken: hashed here, a large list need not travel to the HSM. */
const waysOf: Readonly<Record<SignatureAlgorithmName, readonly SigningWay[]>> = {
  'ecdsa-with-SHA256': ecdsa('sha256', ckm.ecdsaSha256),
  'ecdsa-with-SHA384': ecdsa('sha384', ckm.ecdsaSha384),
  'ecdsa-with-SHA512': ecdsa('sha512', ckm.ecdsaSha512),
  sha256WithRSAEncryption: pkcs1('sha256', ckm.sha256RsaPkcs),
  sha384WithRSAEncryption: pkcs1('sha384', ckm.sha384RsaPkcs),
  sha512WithRSAEncryption: pkcs1('sha512', ckm.sha512RsaPkcs),
  'rsassa-pss-sha256': pss('sha256', ckm.sha256RsaPkcsPss),
  'rsassa-pss-sha384': pss('sha384', ckm.sha384RsaPkcsPss),
  'rsassa-pss-sha512': pss('sha512', ckm.sha512RsaPkcsPss),
  ed25519: [{ mechanism: bare(ckm.eddsa), input: whole, output: unchanged }],
};

/** Undefined where the token has no mechanism for the algorithm. */
export const signingWay = (name: SignatureAlgorithmName, mechanisms: ReadonlySet<number>): SigningWay | undefined =>
  waysOf[name].find(({ mechanism }) => mechanisms.has(mechanism.mechanism));
