/** Declared compromises that are not complete, because a vault is away: kept among the settings, and gone on with when it is back. */
import { CaError } from '../../domain/errors.ts';
import { generationId } from '../../domain/records/generation.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { Caller } from '../caller.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { CompromiseInput, RotationServices } from './rotation-services.ts';

/** As somebody declared it; `number` is the generation that is meant. */
export interface DeclaredCompromise {
  readonly caller: Caller;
  readonly name: string;
  readonly number: number;
  readonly input: CompromiseInput;
}

type Settings = Pick<Inventory, 'setting' | 'setSetting'>;

const settingOf = (name: string, number: number): string => `compromise:${generationId({ authority: name, number })}`;

/** Before anything is stopped: what was declared is known to every later try. */
export const rememberDeclared = (inventory: Settings, declared: DeclaredCompromise): Promise<void> =>
  inventory.setSetting(settingOf(declared.name, declared.number), JSON.stringify(declared));

export const forgetDeclared = (inventory: Settings, name: string, number: number): Promise<void> =>
  inventory.setSetting(settingOf(name, number), '');

/** Whether the housekeeping goes on with it; not where a restored backup is from before the declaration. */
export const isDeclared = async (inventory: Pick<Inventory, 'setting'>, name: string, number: number) =>
  !!(await inventory.setting(settingOf(name, number)));

async function unfinishedOf(inventory: Settings & Pick<Inventory, 'generations'>): Promise<DeclaredCompromise[]> {
  const found: DeclaredCompromise[] = [];
  for (const { authority, number, isCompromised } of await inventory.generations()) {
    const text = isCompromised ? await inventory.setting(settingOf(authority, number)) : undefined;
    if (text) found.push(JSON.parse(text) as DeclaredCompromise);
  }
  return found;
}

export interface GoOnDeps extends Pick<RotationServices, 'declareCompromise'> {
  readonly inventory: Inventory;
  readonly clock: Pick<GuardedClock, 'now' | 'monotonic'>;
  readonly log: Log;
}

/** Each try keeps other steps of authorities out for as long as it takes. */
const betweenTriesMs = 3000;

/** A step of the housekeeping; never rejects for one declaration alone. */
export function createGoOnWithCompromises({ inventory, clock, log, declareCompromise }: GoOnDeps): () => Promise<void> {
  let notBefore = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.monotonic() < notBefore) return;
    for (const { caller, name, number, input } of await unfinishedOf(inventory)) {
      notBefore = clock.monotonic() + betweenTriesMs;
      try {
        const { rotateBy, ...others } = input;
        // A vault may be away for longer than was meant to be left: then what is usual counts from now.
        const by = rotateBy !== undefined && rotateBy > clock.now() / 1000 ? { rotateBy } : {};
        const { unfinished } = await declareCompromise(caller, name, { ...others, ...by, generation: number });
        if (unfinished.length === 0) log.info({ authority: name }, 'a declared compromise was completed');
      } catch (error) {
        // It came to its end by other steps.
        if (error instanceof CaError && error.code === 'conflict') await forgetDeclared(inventory, name, number);
        log.error({ err: error, authority: name }, 'a declared compromise could not be completed');
      }
    }
  };
}
