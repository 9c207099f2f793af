/** What anybody may fetch to build a chain: the authorities' certificates, and the roots of each environment. */
import { CaError } from '../domain/errors.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { ActiveAuthority, AuthorityDirectory } from './authority-directory.ts';
import type { AuthorityView } from './authority-services.ts';
import type { Services } from './services.ts';

export interface TrustDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
}

export function createTrustServices(deps: TrustDeps): Pick<Services, 'listAuthorities' | 'authority' | 'trustBundle'> {
  return {
    listAuthorities: async () => (await deps.directory.all()).map(viewOf),
    authority: async (name) => viewOf(await deps.directory.get(name)),
    async trustBundle(environment) {
      const roots = (await deps.directory.all()).filter(
        ({ authority }) => authority.parent === authority.name && (authority.environment ?? 'system') === environment,
      );
      if (roots.length > 0) return roots.map(({ certificateDer }) => certificateDer);
      throw new CaError('notFound', 'There is no such environment. GET /v1/authorities lists what there is.');
    },
  };
}

const viewOf = ({ authority, certificate, certificateDer }: ActiveAuthority): AuthorityView => ({
  authority,
  certificate,
  certificateDer,
});
