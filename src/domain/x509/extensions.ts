/** Builders of the certificate extensions this CA emits (RFC 5280 §4.2): each returns one whole Extension in DER. */

import { contextTag } from '../der/tag.ts';
import * as der from '../der/writer.ts';
import { encodeGeneralName, type GeneralName } from './general-name.ts';
import { oidDer } from './oid-der.ts';

/** Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING } (RFC 5280 §4.1). */
export function extension(extnId: Uint8Array, value: Uint8Array, critical: boolean): Uint8Array {
  const extnValue = der.octetString(value);
  // X.690 §11.5: a DEFAULT value is not encoded.
  return critical ? der.sequence(extnId, criticalTrue, extnValue) : der.sequence(extnId, extnValue);
}

const criticalTrue = der.boolean(true);

export interface BasicConstraints {
  readonly ca: boolean;
  /** How many intermediate CAs may follow; only with `ca`. */
  readonly pathLen?: number;
}

/** RFC 5280 §4.2.1.9; always critical, which §4.2.1.9 demands for CAs and allows for others. */
export function basicConstraints({ ca, pathLen }: BasicConstraints): Uint8Array {
  if (!ca && pathLen !== undefined) throw new RangeError('pathLenConstraint is for CAs only');
  const fields = ca ? [criticalTrue, ...(pathLen === undefined ? [] : [der.smallInteger(pathLen)])] : [];
  return extension(oidDer.basicConstraints, der.sequence(...fields), true);
}

/** Bit numbers of KeyUsage (RFC 5280 §4.2.1.3). */
export const keyUsageBits = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
  encipherOnly: 7,
  decipherOnly: 8,
} as const;

export type KeyUsageName = keyof typeof keyUsageBits;

/** RFC 5280 §4.2.1.3: at least one bit; critical, as CAs SHOULD mark it. */
export function keyUsage(usages: readonly KeyUsageName[]): Uint8Array {
  if (usages.length === 0) throw new RangeError('keyUsage has at least one bit');
  const bits = der.namedBits(usages.map((usage) => keyUsageBits[usage]));
  return extension(oidDer.keyUsage, bits, true);
}

const keyPurposeIds = {
  serverAuth: oidDer.serverAuth,
  clientAuth: oidDer.clientAuth,
  OCSPSigning: oidDer.ocspSigning,
  documentSigning: oidDer.documentSigning,
} as const;

/** RFC 5280 §4.2.1.12, by the names without `id-kp-`; never critical, so that it is not mistaken for anyExtendedKeyUsage. */
export function extKeyUsage(usages: readonly (keyof typeof keyPurposeIds)[]): Uint8Array {
  if (usages.length === 0) throw new RangeError('extKeyUsage has at least one purpose');
  return extension(oidDer.extKeyUsage, der.sequence(...usages.map((usage) => keyPurposeIds[usage])), false);
}

/** RFC 5280 §4.2.1.6: critical exactly when the subject is empty, which only the caller knows. */
export function subjectAltName(names: readonly GeneralName[], critical: boolean): Uint8Array {
  if (names.length === 0) throw new RangeError('subjectAltName has at least one name');
  return extension(oidDer.subjectAltName, der.sequence(...names.map(encodeGeneralName)), critical);
}

/** RFC 5280 §4.2.1.2. */
export const subjectKeyIdentifier = (keyIdentifier: Uint8Array): Uint8Array =>
  extension(oidDer.subjectKeyIdentifier, der.octetString(keyIdentifier), false);

/** RFC 5280 §4.2.1.1: keyIdentifier only; issuer and serial would tie leaves to one certificate of the CA's key. */
export const authorityKeyIdentifier = (keyIdentifier: Uint8Array): Uint8Array =>
  extension(oidDer.authorityKeyIdentifier, der.sequence(der.implicit(0, keyIdentifier)), false);

/** RFC 5280 §4.2.1.13: one point, whose several URLs are ways to the same complete CRL. */
export function crlDistributionPoints(urls: readonly string[]): Uint8Array {
  const fullName = der.tlv(contextTag(0, true), ...urls.map(uriName));
  const point = der.sequence(der.explicit(0, fullName));
  return extension(oidDer.cRLDistributionPoints, der.sequence(point), false);
}

/** RFC 5280 §4.2.2.1; at least one of the two is given. */
export function authorityInfoAccess({ ocsp, caIssuers }: { ocsp?: string; caIssuers?: string }): Uint8Array {
  const descriptions = [
    ...(ocsp === undefined ? [] : [der.sequence(oidDer.idAdOcsp, uriName(ocsp))]),
    ...(caIssuers === undefined ? [] : [der.sequence(oidDer.idAdCaIssuers, uriName(caIssuers))]),
  ];
  return extension(oidDer.authorityInfoAccess, der.sequence(...descriptions), false);
}

/** id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1): nobody asks a responder about its own certificate. */
export const ocspNocheck = (): Uint8Array => extension(oidDer.idPkixOcspNocheck, der.nullValue(), false);

/** uniformResourceIdentifier [6] IA5String. */
const uriName = (url: string): Uint8Array => der.implicit(6, Buffer.from(url, 'latin1'));
