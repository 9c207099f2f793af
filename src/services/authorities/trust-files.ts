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
  const late = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: of two acts at once, the one that looked first must not write last. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };

  /** A system of one root has no such file. */
  const rootsOfNow = async (): Promise<readonly TrustFile[]> => {
    const roots = await rootsOfSystem(inventory);
    if (roots.length < 2 && !(await home.exists(rootsFile))) return [];
    return [{ file: rootsFile, text: pemOf(roots) }];
  };

  const filesOf = async (environment: string): Promise<readonly TrustFile[]> => [
    ...(environment === 'system' ? await rootsOfNow() : []),
    { file: trustFile(environment), text: pemOf(await deps.trustBundle(environment).catch(whereNobodyIsTrusted)) },
  ];

  /** Whether it was another before. Where nobody is trusted there is no file, so that nobody takes an empty one for no rule at all. */
  const bringUpToDate = async ({ file, text }: TrustFile): Promise<boolean> => {
    if ((await contentOf(home, file)) === text) return false;
    if (text !== '') await home.write(file, text, 0o644);
    // Whoever is to bring its replacement has to get in by the old one.
    else if (file === trustFile('system')) return false;
    else await home.remove(file);
    return true;
  };

  /** Resolves to the names of those that were others before. */
  const write = (environment: string): Promise<readonly string[]> =>
    inTurn(async () => {
      const changed: string[] = [];
      for (const one of await filesOf(environment)) if (await bringUpToDate(one)) changed.push(one.file);
      return changed;
    });

  const mendOne = async (environment: string): Promise<void> => {
    for (const file of await write(environment))
      log.warn({ environment, file }, 'the trust file of the home was not what it must be, and is now');
  };

  return {
    async write(environment) {
      await write(environment);
    },
    async update(environment) {
      await write(environment).catch((error: unknown) => {
        late.add(environment);
        log.error({ err: error, environment }, 'the trust file of the home was not brought up to date; trying again');
      });
    },
    async writeLate() {
      for (const environment of late) {
        await write(environment);
        late.delete(environment);
        log.info({ environment }, 'the trust file of the home is up to date again');
      }
    },
    async mend() {
      const environments = (await inventory.environments()).map(({ name }) => name);
      for (const environment of ['system', ...environments]) {
        await mendOne(environment).catch((error: unknown) =>
          log.error({ err: error, environment }, 'the trust file of the home was not brought up to date'),
        );
      }
    },
  };
}

/** Its roots are elsewhere and not imported yet, or given up and not replaced. */
function whereNobodyIsTrusted(error: unknown): readonly Uint8Array[] {
  if (error instanceof CaError && error.code === 'notFound') return [];
  throw error;
}

const pemOf = (certificates: readonly Uint8Array[]): string =>
  certificates.map((der) => encodePem('CERTIFICATE', der)).join('');

/** Empty for what is not there, undefined for what cannot be read: that is written anew. */
const contentOf = async (home: Home, file: string): Promise<string | undefined> =>
  (await home.exists(file)) ? home.read(file).catch(() => undefined) : '';
