/** What callers of the vault are told of each fault of a token: one total table. */
import { CaError, type CaErrorCode } from '../../domain/errors.ts';
import type { FaultKind, TokenFault } from './token-fault.ts';

/** Callers are told what they can act upon; what the token said is for the log. */
export function errorOf(fault: TokenFault): CaError {
  const { code, says, retryAfterSeconds } = answers[fault.kind];
  return new CaError(code, says, {
    cause: fault,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}

/** The same as a sentence, for whoever asks how the vault is. */
export const sentenceOf = ({ kind }: TokenFault): string => answers[kind].says;

interface Answer {
  readonly code: CaErrorCode;
  readonly says: string;
  readonly retryAfterSeconds?: number;
}

const away = (says: string, retryAfterSeconds = 2): Answer => ({ code: 'signerUnavailable', says, retryAfterSeconds });
const refused = (says: string): Answer => ({ code: 'policyRefused', says });

const answers: Readonly<Record<FaultKind, Answer>> = {
  libraryMissing: away('The library for PKCS#11 is missing.', 60),
  moduleUnusable: away('The PKCS#11 module cannot be loaded.', 60),
  tokenAmbiguous: away('Several tokens fit the settings of the vault.', 60),
  tokenAbsent: away('The token is not there.'),
  pinMissing: away('The token’s PIN cannot be read.', 60),
  pinRefused: away('The token refused its PIN, which is not tried again. An operator must act.', 60),
  lost: away('The token does not answer as it should.'),
  busy: away('The token has no session left. Try again in a moment.', 1),
  notFound: { code: 'notFound', says: 'The vault does not hold this key.' },
  conflict: { code: 'conflict', says: 'The vault already holds a key of this name.' },
  keyExtractable: refused('The key could leave its token, so nothing is signed with it.'),
  notSupported: refused('The token does not do this with such a key.'),
  refused: away('The token refused.', 60),
  spoilt: away('A signature of the token did not verify and was thrown away.'),
};
