/** Entry of the reading thread: parses a CSR and verifies its signature. */
import { CaError, type CaErrorCode, type Reason } from '../../domain/errors.ts';
import { type ProvenCsr, proveCsrSync } from '../../domain/x509/csr.ts';
import { answerQuestions } from '../threads/answer-questions.ts';
import { openDebianWeakKeys } from './debian-weak-keys.ts';

/** The CSR, or the refusal as plain values. */
export type Reading =
  | { readonly csr: ProvenCsr }
  | { readonly code: CaErrorCode; readonly message: string; readonly reasons: readonly Reason[] };

const isKnownWeakKey = openDebianWeakKeys();

answerQuestions((csrDer: Uint8Array): Reading => {
  try {
    return { csr: proveCsrSync(csrDer, isKnownWeakKey) };
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    const { code, message, reasons } = error;
    return { code, message, reasons };
  }
});
