/** What an operator may be called, and what its CSR may say: the certificate's subject is the name, and nothing else is in it. */
import type { Reason } from '../errors.ts';
import type { ProvenCsr } from '../x509/csr.ts';
import { printable } from './printable.ts';
import { commonNameOf } from './requested-names.ts';

/** Safe in a CN, a path, an audit event's `operator:NAME` and the name of a folder. */
const operatorName = /^[a-z][a-z0-9._-]{0,63}$/;

export const isOperatorName = (text: string): boolean => operatorName.test(text);

/** A CSR is for this operator and no other; names would be lost without a word, so they are refused. */
export function judgeOperatorCsr(csr: ProvenCsr, name: string): Reason[] {
  const reasons: Reason[] = [];
  const commonName = commonNameOf(csr);
  if (commonName !== undefined && commonName !== name) {
    reasons.push({
      code: 'subjectNotAllowed',
      field: 'csr.subject',
      message: `The CSR is for another name. Leave its CN out, or make it ${name}.`,
      value: printable(commonName),
    });
  }
  if (csr.names.length > 0) {
    reasons.push({
      code: 'nameNotAllowed',
      field: 'csr.subjectAltName',
      message: 'An operator’s certificate holds no names. Make the CSR without subjectAltName.',
      value: printable(csr.names[0]!.value),
    });
  }
  return reasons;
}
