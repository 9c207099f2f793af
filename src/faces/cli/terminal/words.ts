/** Counts, sizes, times and lengths of time in words, and back: `2.5 MB`, `in 29 days`, `3 hours ago`, `24h`. */

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** The largest unit of which there are at least two, or one exactly: 47 hours stay hours, 48 are 2 days. Years are rounded. */
export function lengthInWords(seconds: number): string {
  const units: [number, string][] = [
    [year, 'year'],
    [day, 'day'],
    [hour, 'hour'],
    [minute, 'minute'],
  ];
  const [size, unit] = units.find(([length]) => seconds >= 2 * length || seconds === length) ?? [1, 'second'];
  const count = size === year ? Math.round(seconds / year) : Math.floor(seconds / size);
  return counted(count, unit);
}

/** `1 key`, `2 keys`: of a noun that only takes an s. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const sizeUnits = ['octets', 'kB', 'MB', 'GB', 'TB'];

/** In the largest unit of which there is one, as it is rounded: 999,950 octets are 1.0 MB. */
export function sizeInWords(octets: number): string {
  const fits = (power: number): boolean => (power === 0 ? octets < 1000 : octets / 1000 ** power < 999.95);
  const power = sizeUnits.findIndex((_, index) => index === sizeUnits.length - 1 || fits(index));
  return power === 0 ? counted(octets, 'octet') : `${(octets / 1000 ** power).toFixed(1)} ${sizeUnits[power]}`;
}

/** A time (RFC 3339) seen from `nowMs`. */
export function timeInWords(time: string, nowMs: number): string {
  const seconds = Math.round((Date.parse(time) - nowMs) / 1000);
  if (seconds === 0) return 'now';
  return seconds > 0 ? `in ${lengthInWords(seconds)}` : `${lengthInWords(-seconds)} ago`;
}

/** `2026-11-21 07:10:00 UTC`, as people read it. */
export const timeToTheSecond = (time: string): string =>
  `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: minute, h: hour, d: day, w: 7 * day };

/** Seconds of `90s`, `15m`, `24h`, `30d`, `2w`; undefined for anything else. */
export function parseLength(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,8})([smhdw])$/.exec(text) ?? [];
  const seconds = Number(count) * (secondsOf[unit ?? ''] ?? Number.NaN);
  return seconds < 2 ** 31 ? seconds : undefined;
}
