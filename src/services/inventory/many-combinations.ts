/** Filters with more values than a search takes together, which an empty list would pass off as nothing that matches. */
import type { Reason } from '../../domain/errors.ts';
import { type CertificateFilter, mostCombinations } from '../../ports/inventory-questions.ts';

const fieldNames: Readonly<Record<string, string>> = { owner: 'product' };

/** One reason, or none. */
export function manyCombinations(filter: CertificateFilter): Reason[] {
  const several = Object.entries(filter).flatMap(([name, values]) => {
    const count = Array.isArray(values) ? new Set(values).size : 1;
    return count > 1 ? [{ field: fieldNames[name] ?? name, count }] : [];
  });
  const combinations = several.reduce((product, { count }) => product * count, 1);
  const [first] = several.toSorted((a, b) => b.count - a.count);
  if (!first || combinations <= mostCombinations) return [];
  const fields = several.map(({ field, count }) => `${count} of ${field}`).join(', ');
  const message = `${first.field} has too many values beside the others: ${fields} make ${combinations} combinations, and ${mostCombinations} is the most. Ask in parts, or leave one out.`;
  return [{ code: 'invalidField', field: first.field, message }];
}
