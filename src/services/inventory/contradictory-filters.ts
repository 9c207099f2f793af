/** Filters that no certificate can meet together: a mistake worth an answer, not an empty list. */
import type { Reason } from '../../domain/errors.ts';
import { printable } from '../../domain/policy/printable.ts';
import { refuseIfAny } from '../../domain/refusal.ts';
import type { CertificateFilter, OneOrMore } from '../../ports/inventory-questions.ts';
import { manyCombinations } from './many-combinations.ts';

/** A sentence of its own that begins with the field: often it is all that is answered. */
export const contradiction = (field: string, demand: string, value?: string): Reason => ({
  code: 'contradictoryFilters',
  field,
  message: `${field} ${demand}.`,
  ...(value !== undefined && { value }),
});

const inWords = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Throws `malformed` with every contradiction, and for more values than can be asked for. `now` in Unix seconds. */
export function refuseContradictions(filter: CertificateFilter, now: number): void {
  refuseIfAny([
    ...expiryContradictions(filter, now),
    ...issueContradictions(filter),
    ...holderContradictions(filter),
    ...rotationContradictions(filter),
    ...manyCombinations(filter),
  ]);
}

function expiryContradictions({ notAfterAfter, notAfterBefore, status }: CertificateFilter, now: number): Reason[] {
  const only = (wanted: string): boolean => status !== undefined && [status].flat().every((one) => one === wanted);
  const reasons: Reason[] = [];
  if (isEmpty(notAfterAfter, notAfterBefore)) {
    reasons.push(contradiction('notAfter.before', 'must be later than notAfter.after', inWords(notAfterBefore!)));
  }
  if (only('expired') && notAfterAfter !== undefined && notAfterAfter >= now) {
    const demand = 'is in the future, where nothing has expired yet: ask for another status, or an earlier time';
    reasons.push(contradiction('notAfter.after', demand, inWords(notAfterAfter)));
  }
  if (only('valid') && notAfterBefore !== undefined && notAfterBefore <= now) {
    const demand = 'is in the past, and what has expired is not valid: ask for another status, or a later time';
    reasons.push(contradiction('notAfter.before', demand, inWords(notAfterBefore)));
  }
  return reasons;
}

function issueContradictions({ issuedAfter, issuedBefore, status }: CertificateFilter): Reason[] {
  const reasons: Reason[] = [];
  if (isEmpty(issuedAfter, issuedBefore)) {
    reasons.push(contradiction('issued.before', 'must be later than issued.after', inWords(issuedBefore!)));
  }
  const isPending = status !== undefined && [status].flat().every((one) => one === 'pending');
  if (isPending && (issuedAfter !== undefined || issuedBefore !== undefined)) {
    reasons.push(contradiction('status', 'is pending, and pending certificates have no time of issue'));
  }
  return reasons;
}

/** Bounds are left out: between 5 and 6 there is nothing. */
const isEmpty = (after: number | undefined, before: number | undefined): boolean =>
  after !== undefined && before !== undefined && before - after < 2;

function holderContradictions({ owner, environment, purpose }: CertificateFilter): Reason[] {
  if (owner === undefined) return [];
  const reasons: Reason[] = [];
  if (purpose !== undefined && purpose !== 'product') {
    reasons.push(contradiction('purpose', `is ${purpose}, but only certificates of purpose product are a product’s`));
  }
  const isWithin = (product: string): boolean =>
    environment === undefined || values(environment).includes(product.split('/', 1)[0]!);
  if (!values(owner).some(isWithin)) {
    reasons.push(
      contradiction(
        'environment',
        `must be that of the product, ${values(owner).join(', ')}`,
        printable(values(environment!).join(', ')),
      ),
    );
  }
  return reasons;
}

const values = (value: OneOrMore<string>): readonly string[] => [value].flat() as readonly string[];

/** Overdue is a valid certificate that nothing has followed; targets report only certificates of products. */
function rotationContradictions({ rotation, deployment, status, successor, purpose }: CertificateFilter): Reason[] {
  const reasons: Reason[] = [];
  if (rotation !== undefined && status !== undefined && !values(status).includes('valid')) {
    reasons.push(contradiction('status', 'is not valid, and only what is valid can be overdue'));
  }
  if (rotation !== undefined && successor === 'some') {
    reasons.push(contradiction('successor', 'is some, and what was followed is not overdue'));
  }
  if ((rotation ?? deployment) !== undefined && purpose !== undefined && purpose !== 'product') {
    reasons.push(
      contradiction('purpose', `is ${purpose}, but only products’ certificates are deployed and rotated so`),
    );
  }
  return reasons;
}
