/** A target whose `folder` or `mode` is another than before: what it had comes along, and takes no token. */
import type { TargetPlace } from '../../domain/rotation/target-status.ts';
import { type CredentialSet, layoutOf, placeOf } from '../files/credential-set.ts';
import { openSetStore } from '../files/set-store.ts';
import { changeOf } from './choose-step.ts';
import { newestSet, wholeSet } from './newest-set.ts';
import { storePassword } from './store-password.ts';
import type { TurnContext } from './turn-context.ts';

type Where = Pick<TurnContext, 'target' | 'store' | 'state' | 'log'>;

/** Stages a copy of the newest set of the place before. The old files stay: programs may still read them. */
export async function adoptFromBefore(context: Where): Promise<void> {
  const { target, store, state, log } = context;
  const { files, name } = target;
  const set = await setToAdopt(context);
  if (!set) return;
  const before = state.status.place!;
  const password = await storePassword(files, set.storePassword);
  const facts = { ...set.facts, layout: layoutOf(files) };
  const copy = await store.write({ ...set, facts, storePassword: password });
  await state.save({ staged: { set: copy, previous: null }, place: placeOf(files) });
  const message = `takes its certificate along from ${before.folder} (mode ${before.mode}); remove the files and the key there once nothing reads them`;
  log({ level: 'warn', target: name, message });
}

/** Undefined as well when what is in use here is as new, or another's. */
export async function setToAdopt(context: Where): Promise<CredentialSet | undefined> {
  const { files } = context.target;
  const { place } = context.state.status;
  if (place === null || isSame(place, files)) return undefined;
  const set = await newestSet({ ...context, store: openSetStore({ ...files, ...place }) });
  return set && (await isWantedHere(context, set)) ? set : undefined;
}

const isSame = (a: TargetPlace, b: TargetPlace): boolean => a.folder === b.folder && a.mode === b.mode;

/** What an earlier move left here is no younger, by whole seconds; what is another agent's is found out as ever. */
async function isWantedHere({ store, target }: Where, set: CredentialSet): Promise<boolean> {
  const inUse = await store.inUse();
  const here = inUse === null ? undefined : await wholeSet(store, inUse);
  if (!here) return true;
  if (changeOf(target, here) !== undefined || here.facts.serial === set.facts.serial) return false;
  return Date.parse(here.facts.notBefore) <= Date.parse(set.facts.notBefore);
}
