/** The trust files of the home: the roots of `system` and of each environment, for whoever looks there. */
import { encodePem } from '../../domain/der/pem.ts';
import { CaError } from '../../domain/errors.ts';
import type { Home } from '../../ports/home.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { Services } from '../services.ts';

export interface TrustFilesDeps extends Pick<Services, 'trustBundle'> {
  readonly home: Home;
  readonly inventory: Pick<Inventory, 'environments'>;
  readonly log: Log;
}

export interface TrustFiles {
  /** As its trust bundle is now; `system` is one, too. */
  write(environment: string): Promise<void>;
  /** Writes those anew that a crash left behind, or that somebody changed or removed. What cannot be done is logged. */
  mend(): Promise<void>;
}

export const trustFile = (environment: string): string => `trust/${environment}.pem`;

export function createTrustFiles(deps: TrustFilesDeps): TrustFiles {
  const { home, inventory, log } = deps;

  const textOf = async (environment: string): Promise<string> =>
    (await deps.trustBundle(environment)).map((der) => encodePem('CERTIFICATE', der)).join('');

  const mendOne = async (environment: string): Promise<void> => {
    const text = await textOf(environment);
    if ((await contentOf(home, trustFile(environment))) === text) return;
    await home.write(trustFile(environment), text, 0o644);
    log.warn({ environment }, 'the trust file of the home was missing or outdated, and is written anew');
  };

  return {
    write: async (environment) => home.write(trustFile(environment), await textOf(environment), 0o644),
    async mend() {
      const environments = (await inventory.environments()).map(({ name }) => name);
      for (const environment of ['system', ...environments]) {
        await mendOne(environment).catch((error: unknown) => {
          // Its roots are elsewhere, and not imported yet.
          if (error instanceof CaError && error.code === 'notFound') return;
          log.error({ err: error, environment }, 'the trust file of the home was not brought up to date');
        });
      }
    },
  };
}

/** Undefined for what is not there or cannot be read: it is written anew. */
const contentOf = async (home: Home, file: string): Promise<string | undefined> =>
  (await home.exists(file)) ? home.read(file).catch(() => undefined) : undefined;
