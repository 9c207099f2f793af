/** Times of a query as the services take them. */
import { CaError, type Reason } from '../../../domain/errors.ts';

/** Whole Unix seconds of those that are given. Throws `malformed` with each that is no date, such as February 30. */
export function unixSeconds<Name extends string>(
  times: Readonly<Record<Name, string | undefined>>,
  fields: Readonly<Record<Name, string>>,
): { [Key in Name]?: number } {
  const given = (Object.entries(times) as [Name, string | undefined][]).filter(([, time]) => time !== undefined);
  const seconds = given.map(([name, time]) => [name, Math.floor(Date.parse(time!) / 1000)] as const);
  const reasons = seconds
    .filter(([, value]) => !Number.isFinite(value))
    .map(([name]): Reason => ({ code: 'invalidField', field: fields[name], message: 'is no date' }));
  if (reasons.length > 0) throw new CaError('malformed', 'There is no such date; see reasons.', { reasons });
  return Object.fromEntries(seconds) as { [Key in Name]?: number };
}
