/** The TBSCertificate to sign (RFC 5280 §4.1.2), version 3, from parts that are already DER or plain values. */
import { contextTag, tag } from '../der/tag.ts';
import { explicit, piecesOf, sequence, smallInteger, time } from '../der/writer.ts';
import { serialInteger } from './serial.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

export interface TbsCertificateFields {
  /** Canonical text, see serial.ts. */
  readonly serial: string;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** The very bytes of the CA certificate's subject (RFC 5280 §4.1.2.4). */
  readonly issuerDer: Uint8Array;
  /** Unix seconds, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
  /** Whole Extensions, at least one, in the order they are to appear. */
  readonly extensions: readonly Uint8Array[];
}

const version3 = explicit(0, smallInteger(2));

export function encodeTbsCertificate(fields: TbsCertificateFields): Uint8Array {
  if (fields.extensions.length === 0) throw new RangeError('a version 3 certificate has extensions');
  return sequence(
    version3,
    serialInteger(fields.serial),
    fields.signatureAlgorithm.identifierDer,
    fields.issuerDer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subjectDer,
    fields.spkiDer,
    ...piecesOf(contextTag(3, true), piecesOf(tag.sequence, fields.extensions)),
  );
}
