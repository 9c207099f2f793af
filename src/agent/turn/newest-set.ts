/** The newest certificate that a target has. Files that were damaged or removed are none: only a new certificate replaces a lost key. */
import { AgentError } from '../agent-error.ts';
import type { CredentialSet } from '../files/credential-set.ts';
import type { SetStore } from '../files/set-store.ts';
import type { TurnContext } from './turn-context.ts';

/** Staged, or in use. Says in the log what is wrong with it when it cannot be used. */
export async function newestSet(
  context: Pick<TurnContext, 'store' | 'state' | 'target' | 'log'>,
): Promise<CredentialSet | undefined> {
  const { store, state, target, log } = context;
  const name = state.status.staged?.set ?? (await store.inUse());
  if (name === null) return undefined;
  return wholeSet(store, name, ({ message }) => log({ level: 'error', target: target.name, message }));
}

/** Undefined for a set that is damaged, of which `tell` is told; what cannot be read for another reason is thrown. */
export async function wholeSet(
  store: Pick<SetStore, 'read'>,
  name: string,
  tell: (damage: AgentError) => void = () => {},
): Promise<CredentialSet | undefined> {
  try {
    return await store.read(name);
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'setDamaged') throw error;
    tell(error);
    return undefined;
  }
}
