/** Filters that name something that never existed: a typing mistake, which an empty list or a count of 0 would pass off as good news. */
import type { Reason } from '../../domain/errors.ts';
import { printable } from '../../domain/policy/printable.ts';
import { refuseIfAny } from '../../domain/refusal.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { OneOrMore } from '../../ports/inventory-questions.ts';

type KnownNames = Pick<Inventory, 'environments' | 'productVersion'>;

interface NamingFilters {
  readonly environment?: OneOrMore<string> | undefined;
  /** Ids of products. Those that were removed are known for good, with what they were issued. */
  readonly owner?: OneOrMore<string> | undefined;
}

/** Throws `malformed` with every name that is unknown. */
export async function refuseUnknown(inventory: KnownNames, { environment, owner }: NamingFilters): Promise<void> {
  const [environments, products] = await Promise.all([
    environment === undefined ? [] : unknownEnvironments(inventory, several(environment)),
    owner === undefined ? [] : unknownProducts(inventory, several(owner)),
  ]);
  refuseIfAny([...environments, ...products]);
}

async function unknownEnvironments(inventory: KnownNames, asked: readonly string[]): Promise<Reason[]> {
  const known = (await inventory.environments()).map(({ name }) => name);
  return asked
    .filter((name) => !known.includes(name))
    .map((name) => unknown('environment', name, `environment must be one of ${known.join(', ')}.`));
}

async function unknownProducts(inventory: KnownNames, asked: readonly string[]): Promise<Reason[]> {
  const found = await Promise.all(asked.map((id) => inventory.productVersion(id)));
  return asked
    .filter((_, index) => found[index] === undefined)
    .map((id) => unknown('product', id, 'product must be one there is or was. The list of products shows which are.'));
}

const unknown = (field: string, name: string, message: string): Reason => ({
  code: 'invalidField',
  field,
  message,
  value: printable(name),
});

const several = (names: OneOrMore<string>): readonly string[] => [...new Set([names].flat() as readonly string[])];
