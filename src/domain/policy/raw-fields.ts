/** Reads fields of raw configuration one by one, so that a person is told everything that is wrong with it at once. */
import type { Reason } from '../errors.ts';
import { printable } from './printable.ts';

export type Raw = Readonly<Record<string, unknown>>;

/** Notes that `field` is wrong; `demand` continues a sentence that begins with the field: `must be ...`. */
export type Complain = (field: string, demand: string, value?: unknown) => void;

/** Complaints become reasons `invalidField`; `whole` is what the raw value is called where no field is meant. */
export const complainInto =
  (reasons: Reason[], whole: string): Complain =>
  (field, demand, value) => {
    const shown = value === undefined ? {} : { value: printable(show(value)) };
    reasons.push({ code: 'invalidField', field: field || whole, message: `${field || whole} ${demand}.`, ...shown });
  };

/** A value that JSON does not know (an alias that contains itself, a bigint) is told by its kind alone. */
function show(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return typeof value;
  }
}

export interface ObjectShape {
  /** Path of the object; empty for the whole. */
  readonly field: string;
  readonly known: readonly string[];
}

/** The fields of an object that has none but the known ones; empty for anything else. */
export function objectOf(value: unknown, { field, known }: ObjectShape, complain: Complain): Raw {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    complain(field, `must be an object with the fields ${known.join(', ')}`, value ?? null);
    return {};
  }
  const prefix = field && `${field}.`;
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) complain(`${prefix}${printable(key)}`, `is no field; known are ${known.join(', ')}`);
  }
  return value as Raw;
}

/** At least one of `allowed`, none twice. */
export function listOf<T extends string>(
  value: unknown,
  { field, allowed }: { field: string; allowed: readonly T[] },
  complain: Complain,
): readonly T[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const good = list.filter((item): item is T => (allowed as readonly unknown[]).includes(item));
  if (good.length === 0 || good.length !== list.length || new Set(good).size !== good.length) {
    complain(field, `must be a list, without repeats, of ${allowed.join(', ')}`, value ?? null);
  }
  return good;
}

/** One of `allowed`; the first of them for anything else. */
export function oneOf<T extends string>(
  value: unknown,
  { field, allowed }: { field: string; allowed: readonly [T, ...T[]] },
  complain: Complain,
): T {
  const good = allowed.find((item) => item === value);
  if (good === undefined) complain(field, `must be one of ${allowed.join(', ')}`, value ?? null);
  return good ?? allowed[0];
}

export interface Bounds {
  readonly field: string;
  readonly minimum: number;
  readonly maximum: number;
}

/** A whole number within the bounds; NaN for anything else, so that no other rule holds for it by chance. */
export function integerOf(value: unknown, { field, minimum, maximum }: Bounds, complain: Complain): number {
  if (Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum) return Number(value);
  complain(field, `must be a whole number from ${minimum} to ${maximum}`, value ?? null);
  return Number.NaN;
}

/** The fields of an object that stand for themselves, apart from the rest; whatever is no object is all rest. */
export function takeFields(value: unknown, names: readonly string[]): { readonly taken: Raw; readonly rest: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { taken: {}, rest: value };
  const entries = Object.entries(value);
  const isTaken = ([name]: [string, unknown]): boolean => names.includes(name);
  return {
    taken: Object.fromEntries(entries.filter(isTaken)),
    rest: Object.fromEntries(entries.filter((entry) => !isTaken(entry))),
  };
}
