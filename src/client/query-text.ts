/** A query of the contract as the end of a path: `?a=1&b=2&b=3`, or nothing. */

type Value = string | number | boolean;

/** A list is the same parameter several times. */
export function queryText(query: Readonly<Record<string, Value | readonly Value[] | undefined>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [value].flat().map((one) => [name, String(one)]),
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}
