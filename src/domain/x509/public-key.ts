/** SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of the kinds this CA accepts: RFC 5480 curves, RFC 3279 RSA, RFC 8410 Ed25519. */
import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { DerError } from '../der/error.ts';
import { encodePem } from '../der/pem.ts';
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { readIntegerBytes, readOctetAlignedBitString, readOid } from '../der/value.ts';
import { digest } from '../digest.ts';
import type { ReasonCode } from '../errors.ts';
import type { SubjectKeyKind } from '../policy/profile.ts';
import { refuse } from '../refusal.ts';
import { hasSmallOrder } from './ed25519-point.ts';
import type { KeyFamily } from './key-type.ts';
import { oidDer } from './oid-der.ts';
import { oids } from './oids.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

export interface RsaNumbers {
  /** Big-endian magnitudes without leading zeros. */
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
  readonly bits: number;
}

export interface SubjectPublicKey {
  readonly family: KeyFamily;
  /** `ec-p256`, `rsa-3072`, `ed25519`. */
  readonly keyType: string;
  readonly kind: SubjectKeyKind;
  readonly spkiDer: Uint8Array;
  readonly rsa?: RsaNumbers;
  /** There when reading the key already needed it (EC: is the point on the curve); use `importKey`. */
  readonly keyObject?: KeyObject;
}

/** Curves by their ECParameters TLV: named, nothing else (RFC 5480 §2.1.1), with the octets of one coordinate. */
const curves = [
  { parameters: oidDer.secp256r1, kind: 'ec-p256', coordinate: 32 },
  { parameters: oidDer.secp384r1, kind: 'ec-p384', coordinate: 48 },
  { parameters: oidDer.secp521r1, kind: 'ec-p521', coordinate: 66 },
] as const;

/** Below and above nothing is computed with the modulus. */
const rsaBits = { minimum: 2048, maximum: 8192 } as const;

/**
 * Reads a canonical SubjectPublicKeyInfo: structure, curve, point on the curve, RSA size. Throws CaError `badPublicKey`.
 * RSA arithmetic (exponent, factors) is left to policy/key-rules.ts.
 */
export function parseSubjectPublicKey(spkiDer: Uint8Array): SubjectPublicKey {
  try {
    return readSubjectPublicKey(spkiDer);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return refuseKey('badKeyEncoding', 'The public key is not a well-formed SubjectPublicKeyInfo.', error);
  }
}

/** RFC 4055 §1.2: with its own OID an RSA key is for PSS alone, which TLS peers seldom take in certificates. */
const pssKey =
  'The RSA key is one for RSASSA-PSS alone. Make a plain RSA key: `openssl genrsa`, `keytool -keyalg RSA`.';

function readSubjectPublicKey(spkiDer: Uint8Array): SubjectPublicKey {
  const outer = new DerReader(spkiDer);
  const fields = outer.enterSequence();
  outer.expectEnd();
  const algorithm = fields.enterSequence();
  const algorithmOid = algorithm.whole(algorithm.expect(tag.oid));
  const parameters = algorithm.bytes.subarray(algorithm.position, algorithm.end);
  const subjectPublicKey = readOctetAlignedBitString(fields);
  fields.expectEnd();
  if (sameBytes(algorithmOid, oidDer.idEcPublicKey)) return readEcKey(spkiDer, parameters, subjectPublicKey);
  if (sameBytes(algorithmOid, oidDer.rsaEncryption)) return readRsaKey(spkiDer, parameters, subjectPublicKey);
  if (sameBytes(algorithmOid, oidDer.idEd25519)) return readEd25519Key(spkiDer, parameters, subjectPublicKey);
  const value = readOid(new DerReader(algorithmOid));
  const message =
    value === oids.idRsassaPss ? pssKey : 'The public key is not EC, RSA or Ed25519. Make a key of these.';
  return refuse([{ code: 'unsupportedKeyType', message, field: 'csr.publicKey', value }]);
}

/** RFC 5480 §2.2: only the uncompressed form, 0x04 and both coordinates. */
function readEcKey(spkiDer: Uint8Array, parameters: Uint8Array, point: Uint8Array): SubjectPublicKey {
  const curve = curves.find((candidate) => sameBytes(candidate.parameters, parameters));
  if (!curve) return refuseKey('badCurve', 'The EC key is not on one of the named curves P-256, P-384, P-521.');
  if (point.length === 1 && point[0] === 0) refuseKey('pointNotOnCurve', 'The EC key is the point at infinity.');
  if (point[0] !== 0x04 || point.length !== 1 + 2 * curve.coordinate) {
    refuseKey('badKeyEncoding', 'The EC point is not in uncompressed form.');
  }
  const { kind } = curve;
  return { family: 'ec', keyType: kind, kind, spkiDer, keyObject: importPoint(spkiDer) };
}

/** OpenSSL refuses coordinates out of range and points that do not satisfy the curve's equation. */
function importPoint(spkiDer: Uint8Array): KeyObject {
  try {
    return toKeyObject(spkiDer);
  } catch (cause) {
    return refuseKey('pointNotOnCurve', 'The EC point is not on its curve.', cause);
  }
}

/** RFC 3279 §2.3.1: parameters are NULL, the key is RSAPublicKey ::= SEQUENCE { modulus, publicExponent }. */
function readRsaKey(spkiDer: Uint8Array, parameters: Uint8Array, encoded: Uint8Array): SubjectPublicKey {
  if (!(parameters.length === 2 && parameters[0] === tag.null && parameters[1] === 0)) {
    refuseKey('badKeyEncoding', 'The parameters of an RSA key are not NULL.');
  }
  const outer = new DerReader(encoded);
  const fields = outer.enterSequence();
  outer.expectEnd();
  const modulus = positive(readIntegerBytes(fields), 'rsaModulusForm', 'The RSA modulus is not positive.');
  const exponent = positive(readIntegerBytes(fields), 'rsaExponent', 'The RSA exponent is not positive.');
  fields.expectEnd();
  const bits = (modulus.length - 1) * 8 + (32 - Math.clz32(modulus[0]!));
  if (bits < rsaBits.minimum || bits > rsaBits.maximum || bits % 8 !== 0) {
    const message = `The RSA modulus has ${bits} bits, not 2048 to 8192 in whole octets.`;
    refuseKey('rsaModulusSize', message);
  }
  return { family: 'rsa', keyType: `rsa-${bits}`, kind: 'rsa', spkiDer, rsa: { modulus, exponent, bits } };
}

/** The magnitude of a positive INTEGER's content. */
function positive(content: Uint8Array, code: ReasonCode, message: string): Uint8Array {
  const magnitude = content[0] === 0 ? content.subarray(1) : content;
  if (content[0]! >= 0x80 || magnitude.length === 0) refuseKey(code, message);
  return magnitude;
}

/** RFC 8410 §3 and §4: no parameters, 32 octets. */
function readEd25519Key(spkiDer: Uint8Array, parameters: Uint8Array, point: Uint8Array): SubjectPublicKey {
  if (parameters.length !== 0) refuseKey('badKeyEncoding', 'An Ed25519 key has no parameters.');
  if (point.length !== 32) refuseKey('badKeyEncoding', 'An Ed25519 key has 32 octets.');
  if (hasSmallOrder(point)) refuseKey('pointNotOnCurve', 'The Ed25519 point is not one of a real key pair.');
  return { family: 'ed25519', keyType: 'ed25519', kind: 'ed25519', spkiDer };
}

/** The key as node:crypto takes it. */
const importKey = (key: VerifyingKey): KeyObject =>
  'spkiDer' in key ? (key.keyObject ?? toKeyObject(key.spkiDer)) : key.keyObject;

/**
 * As a PEM string, which costs 20 us: given DER in an object, Node 24 asks it four times whether it is a key of its own,
 * and each "no" is an exception with a stack trace, 40 us and more.
 */
const toKeyObject = (spkiDer: Uint8Array): KeyObject => createPublicKey(encodePem('PUBLIC KEY', spkiDer));

/** The value of subjectPublicKey alone, without tag, length and unused bits; of a SubjectPublicKeyInfo that was checked before. */
export function subjectPublicKeyBits(spkiDer: Uint8Array): Uint8Array {
  const fields = new DerReader(spkiDer).enterSequence();
  fields.expect(tag.sequence);
  return readOctetAlignedBitString(fields);
}

/** RFC 7093 §2 method 1: the leftmost 160 bits of SHA-256 over the value of subjectPublicKey. */
export const keyIdentifier = (spkiDer: Uint8Array): Uint8Array =>
  digest('sha256', subjectPublicKeyBits(spkiDer)).slice(0, 20);

/** SHA-256 of the whole SubjectPublicKeyInfo, in hex: the name of a key in the inventory. */
export const publicKeySha256 = (spkiDer: Uint8Array): string => hash('sha256', spkiDer, 'hex');

/** As it was read, or by whoever holds it imported. */
type VerifyingKey = SubjectPublicKey | { readonly family: KeyFamily; readonly keyObject: KeyObject };

export interface SignedBytes {
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly publicKey: VerifyingKey;
}

/**
 * Whether `signature` over `tbs` was made with the key's private half; false, too, for a key of another family. The
 * arithmetic runs on the thread pool: P-521 and long RSA keys would hold the event loop for a millisecond.
 */
export function verifySignature(signed: SignedBytes): Promise<boolean> {
  if (!fits(signed)) return Promise.resolve(false);
  const { tbs, signature, algorithm } = signed;
  return new Promise((resolve, reject) =>
    verify(algorithm.hash, tbs, verificationKey(signed), signature, (error, valid) =>
      error ? reject(error) : resolve(valid),
    ),
  );
}

/** The same on this thread. */
export const verifySignatureSync = (signed: SignedBytes): boolean =>
  fits(signed) && verify(signed.algorithm.hash, signed.tbs, verificationKey(signed), signed.signature);

/** OpenSSL refuses by itself a signature of ECDSA in another encoding than DER. */
const fits = ({ algorithm, publicKey }: SignedBytes): boolean => algorithm.keyFamily === publicKey.family;

/** The bare key where it will do: one in an object costs 20 us more. */
function verificationKey({ algorithm: { pssSaltLength: saltLength }, publicKey }: SignedBytes) {
  const key = importKey(publicKey);
  return saltLength === undefined ? key : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

function refuseKey(code: ReasonCode, message: string, cause?: unknown): never {
  return refuse([{ code, message, field: 'csr.publicKey' }], cause);
}
