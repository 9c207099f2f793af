/** CSRs from their parts, each of which a test may override: a valid default, and one flaw at a time. */
import { contextTag } from '../../src/domain/der/tag.ts';
import * as der from '../../src/domain/der/writer.ts';
import { encodeGeneralName, parseGeneralName } from '../../src/domain/x509/general-name.ts';
import { encodeName } from '../../src/domain/x509/name.ts';
import { oids } from '../../src/domain/x509/oids.ts';
import { makeSigningKey, type SigningKey } from './signing-key.ts';

/** Every part is a whole TLV, but `signature`, which is the content of its BIT STRING. */
export interface CsrParts {
  readonly key?: SigningKey;
  readonly version?: Uint8Array;
  readonly subject?: Uint8Array;
  /** Instead of the key's own. */
  readonly spki?: Uint8Array;
  /** Plain texts for the subjectAltName. */
  readonly names?: readonly string[];
  /** Instead of the subjectAltName made from `names`. */
  readonly extensions?: readonly Uint8Array[];
  /** Instead of the extensionRequest made from `extensions`; sorted as a SET OF is. */
  readonly attributes?: readonly Uint8Array[];
  /** After the attributes. */
  readonly extraInInfo?: Uint8Array;
  readonly algorithm?: Uint8Array;
  readonly signature?: Uint8Array;
  /** After the signature. */
  readonly extraAtEnd?: Uint8Array;
}

let defaultKey: SigningKey | undefined;
/** One P-256 key for all CSRs of a test file that do not care. */
export const someKey = (): SigningKey => {
  defaultKey ??= makeSigningKey();
  return defaultKey;
};

const none = new Uint8Array();

/** A CSR of `someKey` for `demo.dev.internal`, properly signed, but for the parts given. */
export function buildCsr(parts: CsrParts = {}): Uint8Array {
  const key = parts.key ?? someKey();
  const info = der.sequence(
    parts.version ?? der.smallInteger(0),
    parts.subject ?? commonName('demo.dev.internal'),
    parts.spki ?? key.spkiDer,
    attributesOf(parts),
    parts.extraInInfo ?? none,
  );
  const algorithm = parts.algorithm ?? key.algorithm.identifierDer;
  const signature = der.bitString(parts.signature ?? key.sign(info));
  return der.sequence(info, algorithm, signature, parts.extraAtEnd ?? none);
}

function attributesOf({ attributes, extensions, names = ['demo.dev.internal'] }: CsrParts): Uint8Array {
  const all = attributes ?? [extensionRequest(...(extensions ?? [subjectAltName(...names.map(generalName))]))];
  return der.tlv(contextTag(0, true), ...all.toSorted((a, b) => Buffer.compare(a, b)));
}

export const commonName = (value: string): Uint8Array => encodeName([{ type: 'commonName', value }]);

/** A Name with one CN whose octets are given as they are, UTF-8 or not. */
export const rawCommonName = (octets: Uint8Array): Uint8Array =>
  der.sequence(der.setOf(der.sequence(der.oid(oids.commonName), der.tlv(0x0c, octets))));

export const attribute = (oid: string, ...values: readonly Uint8Array[]): Uint8Array =>
  der.sequence(der.oid(oid), der.setOf(...values));

export const extensionRequest = (...extensions: readonly Uint8Array[]): Uint8Array =>
  attribute(oids.extensionRequest, der.sequence(...extensions));

export const extension = (oid: string, value: Uint8Array, critical?: Uint8Array): Uint8Array =>
  der.sequence(der.oid(oid), critical ?? none, der.octetString(value));

/** From GeneralName TLVs. */
export const subjectAltName = (...names: readonly Uint8Array[]): Uint8Array =>
  extension(oids.subjectAltName, der.sequence(...names));

export const generalName = (text: string): Uint8Array => encodeGeneralName(parseGeneralName(text)!);

/** A dNSName with these characters, valid or not. */
export const dnsName = (text: string, encoding: BufferEncoding = 'latin1'): Uint8Array =>
  der.implicit(2, Buffer.from(text, encoding));

export const iPAddress = (...octets: readonly number[]): Uint8Array => der.implicit(7, new Uint8Array(octets));

/** SubjectPublicKeyInfo from an AlgorithmIdentifier's content and the octets of the key. */
export const spki = (algorithm: readonly Uint8Array[], key: Uint8Array): Uint8Array =>
  der.sequence(der.sequence(...algorithm), der.bitString(key));

export const ecSpki = (parameters: Uint8Array, point: Uint8Array): Uint8Array =>
  spki([der.oid(oids.idEcPublicKey), parameters], point);

/** Modulus and exponent as INTEGER TLVs. */
export const rsaSpki = (modulus: Uint8Array, exponent: Uint8Array = der.smallInteger(65537)): Uint8Array =>
  spki([der.oid(oids.rsaEncryption), der.nullValue()], der.sequence(modulus, exponent));
