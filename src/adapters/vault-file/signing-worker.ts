/** Entry of the signing thread: one checked signature after the other, with keys whose memory it shares and never sees. */
import type { KeyObject } from 'node:crypto';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import { answerQuestions } from '../threads/answer-questions.ts';
import { signWithKeySync } from './sign-with-key.ts';

export interface ToSign {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly algorithm: SignatureAlgorithm;
  readonly tbs: Uint8Array;
}

answerQuestions(
  ({ privateKey, publicKey, algorithm, tbs }: ToSign): Uint8Array =>
    signWithKeySync({ privateKey, publicKey }, algorithm, tbs),
);
