/** What goes wrong with a token, as few kinds that are each handled in one way, and which return values mean which. */
import { ckr } from './cryptoki-numbers.ts';

export type FaultKind =
  | 'libraryMissing' // pkcs11js is not there
  | 'moduleUnusable' // the vendor's module does not load
  | 'tokenAmbiguous'
  | 'tokenAbsent' // not in any slot now
  | 'pinMissing'
  | 'pinRefused' // wrong, locked, expired, or not to be tried: never repeated
  | 'lost' // device, session or login: to be opened anew
  | 'busy' // no session left
  | 'notFound'
  | 'conflict'
  | 'keyExtractable'
  | 'notSupported' // mechanism, key type or curve
  | 'refused' // the token will not do this with this key or user
  | 'spoilt'; // a signature that does not verify

/** Crosses the border of the process as plain values: `says` is safe to show, `returnValue` is what the module answered. */
export class TokenFault extends Error {
  override readonly name = 'TokenFault';
  readonly kind: FaultKind;
  readonly returnValue: number | undefined;

  constructor(kind: FaultKind, says: string, cause?: unknown) {
    super(says, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.returnValue = typeof cause === 'number' ? cause : returnValueOf(cause);
  }
}

/** The CK_RV of an error of pkcs11js; undefined for any other. */
export function returnValueOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  // Some functions throw a bare Error whose message has the number: "CKR_X:179".
  const [, digits] = /\bCKR_\w+:(\d+)/.exec(error.message) ?? [];
  if (typeof code === 'number' && code > 0) return code;
  return digits === undefined ? undefined : Number(digits);
}

/** As vendors' manuals and `pkcs11t.h` write it. */
const printReturnValue = (value: number): string => `CK_RV 0x${value.toString(16).padStart(8, '0')}`;

const kinds = new Map<number, FaultKind>([
  ...[ckr.pinIncorrect, ckr.pinInvalid, ckr.pinLengthRange, ckr.pinExpired, ckr.pinLocked].map(
    (value) => [value, 'pinRefused'] as const,
  ),
  [ckr.userPinNotInitialized, 'pinRefused'],
  [ckr.sessionCount, 'busy'],
  ...[ckr.mechanismInvalid, ckr.mechanismParamInvalid, ckr.functionNotSupported, ckr.curveNotSupported].map(
    (value) => [value, 'notSupported'] as const,
  ),
  ...[ckr.attributeTypeInvalid, ckr.attributeValueInvalid, ckr.templateInconsistent, ckr.keyTypeInconsistent].map(
    (value) => [value, 'notSupported'] as const,
  ),
  ...[ckr.keyFunctionNotPermitted, ckr.dataLengthRange, ckr.sessionReadOnly, ckr.tokenWriteProtected].map(
    (value) => [value, 'refused'] as const,
  ),
  [ckr.deviceMemory, 'refused'],
]);

/** Everything else, vendors' own values included, is worth one new start: many modules recover in no other way. */
export function faultOf(error: unknown, doing: string): TokenFault {
  if (error instanceof TokenFault) return error;
  const value = returnValueOf(error);
  const kind = (value === undefined ? undefined : kinds.get(value)) ?? 'lost';
  const answered = value === undefined ? 'failed' : `answered ${printReturnValue(value)}`;
  return new TokenFault(kind, `${doing}: the PKCS#11 module ${answered}.`, error);
}

const stale = new Set<number | undefined>([
  ...[ckr.sessionClosed, ckr.sessionHandleInvalid, ckr.objectHandleInvalid, ckr.keyHandleInvalid],
]);

/** A session or handle that has gone while the login may still stand: worth one more try on a new session. */
export const isStale = (error: unknown): boolean => stale.has(returnValueOf(error));
