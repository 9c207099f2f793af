/** Writes certificate revocation lists, version 2 (RFC 5280 §5): TBSCertList to sign, entries encoded one by one and kept. */
import { tag } from '../der/tag.ts';
import { explicit, sequence, smallInteger, time, tlvOf } from '../der/writer.ts';
import { type RevocationReason, revocationReasons } from '../policy/revocation-reason.ts';
import { crlNumber, invalidityDate, reasonCode } from './crl-extensions.ts';
import { authorityKeyIdentifier } from './extensions.ts';
import { serialInteger } from './serial.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

export interface CrlEntry {
  /** Canonical text, see serial.ts. */
  readonly serial: string;
  /** revocationDate, Unix seconds. */
  readonly at: number;
  readonly reason: RevocationReason;
  /** Unix seconds (RFC 5280 §5.3.2). */
  readonly invalidityDate?: number;
}

/** One element of revokedCertificates; crlEntryExtensions are absent when there is nothing to say (RFC 5280 §5.1.2.6). */
export function encodeCrlEntry(entry: CrlEntry): Uint8Array {
  const extensions = entryExtensions(entry);
  const fields = [serialInteger(entry.serial), time(entry.at)];
  return extensions.length === 0 ? sequence(...fields) : sequence(...fields, sequence(...extensions));
}

function entryExtensions({ reason, invalidityDate: date }: CrlEntry): readonly Uint8Array[] {
  const code = reasonCodes.get(reason);
  return [...(code ? [code] : []), ...(date === undefined ? [] : [invalidityDate(date)])];
}

/** Encoded once each; `unspecified` has none. */
const reasonCodes: ReadonlyMap<RevocationReason, Uint8Array> = new Map(
  (Object.keys(revocationReasons) as RevocationReason[])
    .filter((reason) => reason !== 'unspecified')
    .map((reason) => [reason, reasonCode(reason)]),
);

export interface TbsCertListFields {
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** The very bytes of the CA certificate's subject. */
  readonly issuerDer: Uint8Array;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** From encodeCrlEntry, in the order they are to appear. */
  readonly entries: readonly Uint8Array[];
  /** Grows with each list; a safe integer. */
  readonly crlNumber: number;
  /** The CA certificate's subjectKeyIdentifier. */
  readonly authorityKeyIdentifier: Uint8Array;
}

const version2 = smallInteger(1);

/** One buffer, linear in the number of entries. */
export function encodeTbsCertList(fields: TbsCertListFields): Uint8Array {
  const { entries } = fields;
  return sequence(
    version2,
    fields.signatureAlgorithm.identifierDer,
    fields.issuerDer,
    time(fields.thisUpdate),
    time(fields.nextUpdate),
    // RFC 5280 §5.1.2.6: an empty list is absent.
    ...(entries.length === 0 ? [] : [tlvOf(tag.sequence, entries)]),
    explicit(0, sequence(authorityKeyIdentifier(fields.authorityKeyIdentifier), crlNumber(fields.crlNumber))),
  );
}
