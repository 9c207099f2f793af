/** One authority as operators see it: in force, waiting for its certificate, or with its key elsewhere. */
import { generationId } from '../../domain/records/generation.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { noSuch } from '../no-such.ts';
import type { Services } from '../services.ts';
import type { AuthorityServices, OwnAuthorityDetail } from './authority-services.ts';
import type { ExternalDirectory } from './external-authorities.ts';
import type { ObstacleDeps } from './rotation-obstacles.ts';
import { whyStopped } from './stopped-authority.ts';

export interface DescribeAuthorityDeps extends ObstacleDeps {
  readonly inventory: Inventory;
  readonly external: ExternalDirectory;
  readonly find: Services['authorityGeneration'];
}

/** Of one whose key is ours; `notFound` for any other. */
export type DescribeOwnAuthority = (name: string) => Promise<OwnAuthorityDetail>;

export const createDescribeOwnAuthority =
  ({ find, ...deps }: DescribeAuthorityDeps): DescribeOwnAuthority =>
  async (name) => {
    const { inventory } = deps;
    const authority = (await inventory.authorities()).find((candidate) => candidate.name === name);
    if (!authority) throw noSuch('authority', name);
    const coming = (await inventory.generations()).find((one) => one.authority === name && one.phase === 'coming');
    const request = await inventory.authorityRequest(name, coming?.number ?? authority.generation);
    return {
      kind: 'own',
      authority,
      inForce:
        authority.certificateSerial === null
          ? null
          : await find(generationId({ authority: name, number: authority.generation })),
      coming: coming?.certificateSerial ? await find(generationId(coming)) : null,
      csrDer: request?.csrDer ?? null,
      stopped: await whyStopped(deps, authority),
    };
  };

export const createDescribeAuthority =
  (deps: DescribeAuthorityDeps): AuthorityServices['describeAuthority'] =>
  async (name) => {
    const external = await deps.external.find(name);
    return external ? { kind: 'external', ...external } : createDescribeOwnAuthority(deps)(name);
  };
