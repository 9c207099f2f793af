/** Attribute types of X.501 names: one row each with its short name, string type and upper bound (RFC 5280 appendix A.1). */
import { ia5String, printableString, utf8String } from '../der/writer.ts';
import { oids } from './oids.ts';

export interface AttributeType {
  readonly oid: string;
  /** As RFC 4514 §3 and common tools write it. */
  readonly short: string;
  readonly encode: (text: string) => Uint8Array;
  /** In characters, the `ub-*` constants. */
  readonly maxLength: number;
}

export const attributeTypes = {
  commonName: { oid: oids.commonName, short: 'CN', encode: utf8String, maxLength: 64 },
  surname: { oid: oids.surname, short: 'SN', encode: utf8String, maxLength: 64 },
  serialNumber: { oid: oids.serialNumber, short: 'serialNumber', encode: printableString, maxLength: 64 },
  countryName: { oid: oids.countryName, short: 'C', encode: printableString, maxLength: 2 },
  localityName: { oid: oids.localityName, short: 'L', encode: utf8String, maxLength: 128 },
  stateOrProvinceName: { oid: oids.stateOrProvinceName, short: 'ST', encode: utf8String, maxLength: 128 },
  organizationName: { oid: oids.organizationName, short: 'O', encode: utf8String, maxLength: 64 },
  organizationalUnitName: { oid: oids.organizationalUnitName, short: 'OU', encode: utf8String, maxLength: 64 },
  domainComponent: { oid: oids.domainComponent, short: 'DC', encode: ia5String, maxLength: 63 },
  emailAddress: { oid: oids.emailAddress, short: 'emailAddress', encode: ia5String, maxLength: 255 },
} satisfies Record<string, AttributeType>;

export type AttributeTypeName = keyof typeof attributeTypes;

const byOid = new Map<string, AttributeType>(Object.values(attributeTypes).map((type) => [type.oid, type]));

export const findAttributeType = (dottedOid: string): AttributeType | undefined => byOid.get(dottedOid);
