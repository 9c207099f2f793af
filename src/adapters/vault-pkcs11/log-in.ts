/** The login of a token, careful with attempts: a real HSM locks, or erases itself, after a few wrong PINs. */
import type { Cryptoki, SessionHandle } from './cryptoki.ts';
import { ckf, ckr, cku } from './cryptoki-numbers.ts';
import type { FoundToken } from './find-slot.ts';
import { faultOf, returnValueOf, TokenFault } from './token-fault.ts';
import type { Login } from './token-messages.ts';

/**
 * Once for all sessions of the process. Throws TokenFault `pinMissing`, `pinRefused`; the latter without trying where the
 * token says that an attempt could be the last, or, for a PIN that has never worked here, that one has already failed:
 * so a service that its supervisor starts again and again spends one attempt, not all.
 */
export function logIn(cryptoki: Cryptoki, session: SessionHandle, token: FoundToken, login: Login): void {
  if ((token.flags & ckf.loginRequired) === 0) return;
  if (login.pin === undefined) {
    throw new TokenFault('pinMissing', `The token ${token.label} needs a PIN, and the settings name none.`);
  }
  const untried = whyNotToTry(token, login);
  if (untried !== undefined) throw new TokenFault('pinRefused', untried);
  try {
    cryptoki.C_Login(session, cku.user, login.pin);
  } catch (error) {
    const value = returnValueOf(error);
    if (value === ckr.userAlreadyLoggedIn) return;
    throw (value === undefined ? undefined : refusal(token.label, value)) ?? faultOf(error, 'Logging in');
  }
}

function whyNotToTry({ label, flags }: FoundToken, { proven }: Login): string | undefined {
  if ((flags & ckf.userPinLocked) !== 0) return lockedSays(label);
  if ((flags & ckf.userPinFinalTry) !== 0) {
    return `The PIN of the token ${label} was not tried: one more wrong PIN locks it. Log in once by hand.`;
  }
  if ((flags & ckf.userPinCountLow) !== 0 && !proven) {
    return `The PIN of the token ${label} was not tried: the last one that anybody gave was wrong. Check the PIN, then log in once by hand, which clears this.`;
  }
  return undefined;
}

const lockedSays = (label: string): string =>
  `The PIN of the token ${label} is locked. Its security officer can set a new one.`;

function refusal(label: string, value: number): TokenFault | undefined {
  const says = new Map<number, string>([
    [ckr.pinIncorrect, `The token ${label} refused the PIN. It will not be tried again.`],
    [ckr.pinInvalid, `The token ${label} refused the PIN. It will not be tried again.`],
    [ckr.pinLengthRange, `The PIN is too short or too long for the token ${label}.`],
    [ckr.pinExpired, `The PIN of the token ${label} has expired. Set a new one.`],
    [ckr.pinLocked, lockedSays(label)],
    [ckr.userPinNotInitialized, `The token ${label} has no PIN yet. Its security officer sets the first one.`],
  ]).get(value);
  return says === undefined ? undefined : new TokenFault('pinRefused', says, value);
}
