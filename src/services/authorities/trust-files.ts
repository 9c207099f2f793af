/** The trust files of the home: the roots of `system`, also those it had, and of each environment, for whoever looks there. */
import { encodePem } from '../../domain/der/pem.ts';
import { CaError } from '../../domain/errors.ts';
import type { Home } from '../../ports/home.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { Services } from '../services.ts';

export interface TrustFilesDeps extends Pick<Services, 'trustBundle'> {
  readonly home: Home;
  readonly inventory: Pick<Inventory, 'environments'> & RootsKnown;
  readonly log: Log;
}

export interface TrustFiles {
  /** As its trust bundle is now; `system` is one, too. */
  write(environment: string): Promise<void>;
  /** After an act that is in force, whatever becomes of the file: what cannot be written is logged, and `writeLate` tries again. */
  update(environment: string): Promise<void>;
  /** What `update` could not write. Rejects with the failure of the first that still cannot be. */
  writeLate(): Promise<void>;
  /** Writes those anew that a crash left behind, or that somebody changed or removed. What cannot be done is logged. */
  mend(): Promise<void>;
}

export interface TrustFile {
  readonly file: string;
  readonly text: string;
}

/** Every root that `system` has had. */
const rootsFile = 'audit/system-roots.pem';

export const trustFile = (environment: string): string => `trust/${environment}.pem`;

type RootsKnown = Pick<Inventory, 'authorities' | 'generations' | 'certificateDer'>;

/** Undefined while `system` has had one root. Without them, checkpoints of before its rotations cannot be verified any more. */
export async function earlierRoots(inventory: RootsKnown): Promise<TrustFile | undefined> {
  const roots = await rootsOfSystem(inventory);
  return roots.length < 2 ? undefined : { file: rootsFile, text: pemOf(roots) };
}

async function rootsOfSystem(inventory: RootsKnown): Promise<readonly Uint8Array[]> {
  const names = (await inventory.authorities()).filter(({ role }) => role === 'system').map(({ name }) => name);
  const roots: Uint8Array[] = [];
  for (const { authority, phase, certificateSerial: serial } of await inventory.generations()) {
    if (!names.includes(authority) || phase === 'abandoned' || serial === null) continue;
    const der = await inventory.certificateDer(serial);
    if (der) roots.push(der);
  }
  return roots;
}

export function createTrustFiles(deps: TrustFilesDeps): TrustFiles {
  const { home, inventory, log } = deps;

  const bundleOf = async (environment: string): Promise<TrustFile> => ({
    file: trustFile(environment),
    text: pemOf(await deps.trustBundle(environment)),
  });

  /** A system of one root has no such file. */
  const rootsOfNow = async (): Promise<readonly TrustFile[]> => {
    const roots = await rootsOfSystem(inventory);
    if (roots.length < 2 && !(await home.exists(rootsFile))) return [];
    return [{ file: rootsFile, text: pemOf(roots) }];
  };

  const filesOf = async (environment: string): Promise<readonly TrustFile[]> => [
    ...(environment === 'system' ? await rootsOfNow() : []),
    await bundleOf(environment),
  ];

  const mendOne = async (environment: string): Promise<void> => {
    for (const { file, text } of await filesOf(environment)) {
      if ((await contentOf(home, file)) === text) continue;
      await home.write(file, text, 0o644);
      log.warn({ environment, file }, 'the trust file of the home was missing or outdated, and is written anew');
    }
  };

  const write = async (environment: string): Promise<void> => {
    for (const { file, text } of await filesOf(environment)) await home.write(file, text, 0o644);
  };
  const late = new Set<string>();

  return {
    write,
    async update(environment) {
      await write(environment)
        .catch(unlessNobodyIsTrusted)
        .catch((error: unknown) => {
          late.add(environment);
          log.error({ err: error, environment }, 'the trust file of the home was not brought up to date; trying again');
        });
    },
    async writeLate() {
      for (const environment of late) {
        await write(environment).catch(unlessNobodyIsTrusted);
        late.delete(environment);
        log.info({ environment }, 'the trust file of the home is up to date again');
      }
    },
    async mend() {
      const environments = (await inventory.environments()).map(({ name }) => name);
      for (const environment of ['system', ...environments]) {
        await mendOne(environment)
          .catch(unlessNobodyIsTrusted)
          .catch((error: unknown) =>
            log.error({ err: error, environment }, 'the trust file of the home was not brought up to date'),
          );
      }
    },
  };
}

/** Its roots are elsewhere and not imported yet, or given up and not replaced. */
const unlessNobodyIsTrusted = (error: unknown): void => {
  if (!(error instanceof CaError && error.code === 'notFound')) throw error;
};

const pemOf = (certificates: readonly Uint8Array[]): string =>
  certificates.map((der) => encodePem('CERTIFICATE', der)).join('');

/** Undefined for what is not there or cannot be read: it is written anew. */
const contentOf = async (home: Home, file: string): Promise<string | undefined> =>
  (await home.exists(file)) ? home.read(file).catch(() => undefined) : undefined;
