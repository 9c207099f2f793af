/** One authority as operators see it, whether it is in force or still waits for its certificate. */
import { CaError } from '../domain/errors.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { AuthorityServices } from './authority-services.ts';
import type { Services } from './services.ts';

export interface DescribeAuthorityDeps {
  readonly inventory: Inventory;
  readonly findInForce: Services['authority'];
}

export const createDescribeAuthority =
  ({ inventory, findInForce }: DescribeAuthorityDeps): AuthorityServices['describeAuthority'] =>
  async (name) => {
    const authority = (await inventory.authorities()).find((candidate) => candidate.name === name);
    if (!authority) throw new CaError('notFound', 'There is no such authority. The list of authorities shows them.');
    const request = await inventory.authorityRequest(name);
    const inForce = authority.certificateSerial === null ? null : await findInForce(name);
    return { authority, inForce, csrDer: request?.csrDer ?? null };
  };
