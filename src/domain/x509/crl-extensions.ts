/** Builders of CRL and CRL entry extensions (RFC 5280 §5.2, §5.3); authorityKeyIdentifier is the certificates' own. */
import { enumerated, generalizedTime, smallInteger } from '../der/writer.ts';
import { type RevocationReason, revocationReasons } from '../policy/revocation-reason.ts';
import { extension } from './extensions.ts';
import { oidDer } from './oid-der.ts';

/** RFC 5280 §5.2.3: not critical. */
export const crlNumber = (number: number): Uint8Array => extension(oidDer.cRLNumber, smallInteger(number), false);

/** RFC 5280 §5.3.1; `unspecified` is never encoded: the absent extension says it. */
export const reasonCode = (reason: Exclude<RevocationReason, 'unspecified'>): Uint8Array =>
  extension(oidDer.reasonCode, enumerated(revocationReasons[reason]), false);

/** RFC 5280 §5.3.2: always GeneralizedTime. `seconds` is Unix time. */
export const invalidityDate = (seconds: number): Uint8Array =>
  extension(oidDer.invalidityDate, generalizedTime(seconds), false);
