/** Judges a raw body as a whole: what each of its parts is refused for, told at once. */
import { CaError, type Reason } from '../domain/errors.ts';
import { complainInto, integerOf, takeFields } from '../domain/policy/raw-fields.ts';
import type { Environment } from '../domain/records/environment.ts';
import type { Inventory } from '../ports/inventory.ts';

/** Throws CaError `policyRefused` if there is any reason; returns `value`, which there is then. */
export function acceptedOr<T>(what: 'product' | 'profile', reasons: readonly Reason[], value: T | undefined): T {
  if (value !== undefined && reasons.length === 0) return value;
  throw new CaError('policyRefused', `The ${what} is not valid.`, { reasons });
}

/** The environment that a body names; without one there is a reason more. */
export async function namedEnvironment(
  inventory: Pick<Inventory, 'environments'>,
  name: unknown,
  reasons: Reason[],
): Promise<Environment | undefined> {
  const environments = await inventory.environments();
  const named = environments.find((environment) => environment.name === name);
  const list = environments.map((environment) => environment.name).join(', ');
  if (!named) complainInto(reasons, 'body')('environment', `must be one of ${list}`, name ?? null);
  return named;
}

/** The version that a change was made from, and the fields that are changed. */
export function takeVersion(raw: unknown, reasons: Reason[]): { readonly version: number; readonly rest: unknown } {
  const { taken, rest } = takeFields(raw, ['version']);
  const bounds = { field: 'version', minimum: 1, maximum: 2 ** 31 - 1 };
  return { version: integerOf(taken.version, bounds, complainInto(reasons, 'body')), rest };
}
