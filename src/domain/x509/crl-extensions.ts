/** CRL and CRL entry extensions, built and read (RFC 5280 §5.2, §5.3); authorityKeyIdentifier is the certificates' own. */
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { readIntegerBytes, readTime } from '../der/value.ts';
import { enumerated, generalizedTime, smallInteger } from '../der/writer.ts';
import { type RevocationReason, revocationReasons } from '../policy/revocation-reason.ts';
import { extension } from './extensions.ts';
import { malformed } from './malformed.ts';
import { oidDer } from './oid-der.ts';

/** RFC 5280 §5.2.3: not critical. */
export const crlNumber = (number: number): Uint8Array => extension(oidDer.cRLNumber, smallInteger(number), false);

/** RFC 5280 §5.3.1; `unspecified` is never encoded: the absent extension says it. */
export const reasonCode = (reason: Exclude<RevocationReason, 'unspecified'>): Uint8Array =>
  extension(oidDer.reasonCode, enumerated(revocationReasons[reason]), false);

/** RFC 5280 §5.3.2: always GeneralizedTime. `seconds` is Unix time. */
export const invalidityDate = (seconds: number): Uint8Array =>
  extension(oidDer.invalidityDate, generalizedTime(seconds), false);

/** RFC 5280 §5.2.3: not negative, and of at most 20 octets. */
export function decodeCrlNumber(value: Uint8Array): bigint {
  const content = readIntegerBytes(new DerReader(value));
  const number = BigInt(`0x${Buffer.from(content).toString('hex')}`);
  if (content[0]! >= 0x80 || number >= 2n ** 160n) throw malformed('cRLNumber', 'is out of range');
  return number;
}

const reasonOfCode = new Map<number, RevocationReason>(
  Object.entries(revocationReasons).map(([reason, code]) => [code, reason as RevocationReason]),
);

/** `removeFromCRL` is for delta CRLs, and `unspecified` is not encoded: both are refused. */
export function decodeReasonCode(value: Uint8Array): RevocationReason {
  const reader = new DerReader(value);
  const [code = -1, ...more] = reader.content(reader.expect(tag.enumerated));
  const reason = reasonOfCode.get(code);
  if (reason === undefined || reason === 'unspecified' || more.length > 0) {
    throw malformed('reasonCode', 'is not one in use here');
  }
  return reason;
}

/** Unix seconds. */
export function decodeInvalidityDate(value: Uint8Array): number {
  const reader = new DerReader(value);
  if (reader.peekTag() !== tag.generalizedTime) throw malformed('invalidityDate', 'is no GeneralizedTime');
  return readTime(reader);
}
