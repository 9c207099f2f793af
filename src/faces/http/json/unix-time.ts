/** Times of a request as the services take them: RFC 3339 writes some that Unix time has not, as in a leap second. */
import { CaError, type Reason } from '../../../domain/errors.ts';
import { shownValue } from '../problems/validation-reasons.ts';

/** What a field is called in the request, where that is not its name here. */
type Fields<Name extends string> = { readonly [Key in Name]?: string };
type Texts<Name extends string> = Readonly<Record<Name, string | undefined>>;
type Numbers<Name extends string> = { [Key in Name]?: number };

/** Of those that are given. Throws `malformed` with each that cannot be read. */
export function unixMilliseconds<Name extends string>(times: Texts<Name>, fields?: Fields<Name>): Numbers<Name> {
  const given = (Object.entries(times) as [Name, string | undefined][]).filter(([, time]) => time !== undefined);
  const read = given.map(([name, time]) => [name, Date.parse(time!)] as const);
  const unread = read.filter(([, value]) => Number.isNaN(value)).map(([name]) => name);
  if (unread.length === 0) return Object.fromEntries(read) as Numbers<Name>;
  const reasons = unread.map((name): Reason => {
    const message = 'must be a time like 2026-11-21T07:00:00Z';
    return { code: 'invalidField', field: fields?.[name] ?? name, message, ...shownValue(times[name]) };
  });
  throw new CaError('malformed', 'There is no such time; see reasons.', { reasons });
}

/** The same in whole seconds. */
export function unixSeconds<Name extends string>(times: Texts<Name>, fields?: Fields<Name>): Numbers<Name> {
  const milliseconds = Object.entries<number | undefined>(unixMilliseconds(times, fields));
  return Object.fromEntries(milliseconds.map(([name, value]) => [name, Math.floor(value! / 1000)])) as Numbers<Name>;
}
