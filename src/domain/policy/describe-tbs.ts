/** A tbsCertificate in words, every extension of it, for the person who decides whether it is signed. */
import { parseTbsCertificate } from '../x509/certificate.ts';
import type { KeyUsageName } from '../x509/extensions.ts';
import { oids } from '../x509/oids.ts';
import { decodeAuthorityInfoAccess, decodeCrlDistributionPoints } from '../x509/read-addresses.ts';
import {
  decodeAuthorityKeyIdentifier,
  decodeBasicConstraints,
  decodeExtKeyUsage,
  decodeKeyUsage,
  decodeSubjectAltName,
  decodeSubjectKeyIdentifier,
} from '../x509/read-extensions.ts';

export interface DescribedExtension {
  readonly oid: string;
  /** By its name in RFC 5280; the OID for one that is not known here. */
  readonly name: string;
  readonly critical: boolean;
  /** One fact each; hexadecimal of the value for an extension that is not known here. */
  readonly values: readonly string[];
}

/** In the order in which they stand. Throws as `parseTbsCertificate` does. */
export const describeExtensions = (tbs: Uint8Array): readonly DescribedExtension[] =>
  Array.from(parseTbsCertificate(tbs).extensions, ([oid, { critical, value }]) => {
    const known = readers.get(oid);
    const values = known ? known.read(value) : [hex(value)];
    return { oid, name: known?.name ?? oid, critical, values };
  });

const accessNames: ReadonlyMap<string, string> = new Map([
  [oids.idAdOcsp, 'ocsp'],
  [oids.idAdCaIssuers, 'caIssuers'],
]);

interface Reader {
  readonly name: string;
  read(value: Uint8Array): readonly string[];
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

const nameOf = new Map<string, string>(Object.entries(oids).map(([name, oid]) => [oid, name]));

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [oids.basicConstraints, { name: 'basicConstraints', read: basicConstraints }],
  [oids.keyUsage, { name: 'keyUsage', read: (value): readonly KeyUsageName[] => decodeKeyUsage(value) }],
  [
    oids.extKeyUsage,
    { name: 'extKeyUsage', read: (value) => decodeExtKeyUsage(value).map((oid) => nameOf.get(oid) ?? oid) },
  ],
  [
    oids.subjectKeyIdentifier,
    { name: 'subjectKeyIdentifier', read: (value) => [hex(decodeSubjectKeyIdentifier(value))] },
  ],
  [
    oids.authorityKeyIdentifier,
    { name: 'authorityKeyIdentifier', read: (value) => [hex(decodeAuthorityKeyIdentifier(value))] },
  ],
  [
    oids.subjectAltName,
    {
      name: 'subjectAltName',
      read: (value) => decodeSubjectAltName(value).map((name) => `${name.type}:${name.value}`),
    },
  ],
  [oids.cRLDistributionPoints, { name: 'cRLDistributionPoints', read: decodeCrlDistributionPoints }],
  [oids.authorityInfoAccess, { name: 'authorityInfoAccess', read: accessMethods }],
]);

function basicConstraints(value: Uint8Array): readonly string[] {
  const { ca, pathLen } = decodeBasicConstraints(value);
  return [`CA:${ca ? 'TRUE' : 'FALSE'}`, ...(pathLen === undefined ? [] : [`pathLen:${pathLen}`])];
}

/** `ocsp http://…`, `caIssuers http://…` (RFC 5280 §4.2.2.1). */
function accessMethods(value: Uint8Array): readonly string[] {
  return decodeAuthorityInfoAccess(value).map(({ method, url }) => `${accessNames.get(method) ?? method} ${url}`);
}
