/** Keys as a token's objects: the templates they are made from, and the SubjectPublicKeyInfo that their attributes are. */
import { DerError } from '../../domain/der/error.ts';
import { DerReader } from '../../domain/der/reader.ts';
import { tag } from '../../domain/der/tag.ts';
import { bitString, nullValue, printableString, sequence, unsignedInteger } from '../../domain/der/writer.ts';
import { CaError } from '../../domain/errors.ts';
import { type KeyType, keyTypes } from '../../domain/x509/key-type.ts';
import { oidDer } from '../../domain/x509/oid-der.ts';
import { parseSubjectPublicKey } from '../../domain/x509/public-key.ts';
import type { Attribute } from './cryptoki.ts';
import { cka, ckk, ckm, cko } from './cryptoki-numbers.ts';

interface KeyRecipe {
  readonly mechanism: number;
  /** What the public half says of size or curve. */
  readonly parameters: readonly Attribute[];
}

const curve = (parametersDer: Uint8Array): KeyRecipe => ({
  mechanism: ckm.ecKeyPairGen,
  parameters: [{ type: cka.ecParams, value: Buffer.from(parametersDer) }],
});

const rsa = (bits: number): KeyRecipe => ({
  mechanism: ckm.rsaPkcsKeyPairGen,
  parameters: [
    { type: cka.modulusBits, value: bits },
    { type: cka.publicExponent, value: Buffer.from([1, 0, 1]) },
  ],
});

/** PKCS#11 3.0 §2.3.5: the curve as the string of draft-josefsson, which every module with Ed25519 takes. */
const edwards25519 = Buffer.from(printableString('edwards25519'));

export const keyRecipes: Readonly<Record<KeyType, KeyRecipe>> = {
  'ec-p256': curve(oidDer.secp256r1),
  'ec-p384': curve(oidDer.secp384r1),
  'ec-p521': curve(oidDer.secp521r1),
  'rsa-2048': rsa(2048),
  'rsa-3072': rsa(3072),
  'rsa-4096': rsa(4096),
  'rsa-6144': rsa(6144),
  'rsa-8192': rsa(8192),
  ed25519: { mechanism: ckm.ecEdwardsKeyPairGen, parameters: [{ type: cka.ecParams, value: edwards25519 }] },
};

/** By these two the halves of a pair find each other. */
const names = (label: string, id: Buffer): Attribute[] => [
  { type: cka.label, value: label },
  { type: cka.id, value: id },
];

/** On the token, for signatures alone: what is not refused here, some modules allow by default. */
export const privateTemplate = (label: string, id: Buffer): Attribute[] => [
  { type: cka.class, value: cko.privateKey },
  { type: cka.token, value: true },
  { type: cka.private, value: true },
  { type: cka.sensitive, value: true },
  { type: cka.extractable, value: false },
  { type: cka.sign, value: true },
  { type: cka.decrypt, value: false },
  { type: cka.unwrap, value: false },
  { type: cka.derive, value: false },
  ...names(label, id),
];

export const publicTemplate = (label: string, id: Buffer, { parameters }: KeyRecipe): Attribute[] => [
  { type: cka.class, value: cko.publicKey },
  { type: cka.token, value: true },
  { type: cka.verify, value: true },
  ...parameters,
  ...names(label, id),
];

/** What is read of a public key, by the kind that CKA_KEY_TYPE says. */
export const publicAttributes = new Map<number, readonly number[]>([
  [ckk.rsa, [cka.modulus, cka.publicExponent]],
  [ckk.ec, [cka.ecParams, cka.ecPoint]],
  [ckk.ecEdwards, [cka.ecPoint]],
]);

export interface PublicKeyFacts {
  readonly type: KeyType;
  readonly publicKeyDer: Uint8Array;
}

/** `values` in the order of `publicAttributes`; undefined for a key that no authority can have. */
export function readPublicKey(kind: number, values: readonly Uint8Array[]): PublicKeyFacts | undefined {
  const [first = nothing, second = nothing] = values;
  try {
    const publicKeyDer = Buffer.from(encoders.get(kind)?.(first, second) ?? nothing);
    const { keyType } = parseSubjectPublicKey(publicKeyDer);
    const type = keyTypes.find((each) => each === keyType);
    return type && { type, publicKeyDer };
  } catch (error) {
    if (error instanceof CaError || error instanceof DerError) return undefined;
    throw error;
  }
}

const nothing = new Uint8Array();

const encoders = new Map<number, (first: Uint8Array, second: Uint8Array) => Uint8Array>([
  // RFC 3279 §2.3.1
  [
    ckk.rsa,
    (modulus, exponent) =>
      sequence(
        sequence(oidDer.rsaEncryption, nullValue()),
        bitString(sequence(unsignedInteger(modulus), unsignedInteger(exponent))),
      ),
  ],
  // RFC 5480 §2
  [
    ckk.ec,
    (parameters, point) =>
      sequence(sequence(oidDer.idEcPublicKey, parameters), bitString(pointOf(point, [65, 97, 133]))),
  ],
  // RFC 8410 §4
  [ckk.ecEdwards, (point) => sequence(sequence(oidDer.idEd25519), bitString(pointOf(point, [32])))],
]);

/** CKA_EC_POINT is a DER OCTET STRING; some modules give what is in it. Their lengths differ. */
function pointOf(value: Uint8Array, bareLengths: readonly number[]): Uint8Array {
  if (bareLengths.includes(value.length)) return value;
  const reader = new DerReader(value);
  const point = reader.content(reader.expect(tag.octetString));
  reader.expectEnd();
  return point;
}
