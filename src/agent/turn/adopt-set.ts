/** A target whose `folder` or `mode` is another than before: what it had comes along, and takes no token. */
import { remember } from '../activate/activate-set.ts';
import { type CredentialSet, isSamePlace, layoutOf, placeOf } from '../files/credential-set.ts';
import { openSetStore, type SetStore } from '../files/set-store.ts';
import { adoptRequests } from '../issue/pending-request.ts';
import { changeOf } from './choose-step.ts';
import { newestSet, wholeSet } from './newest-set.ts';
import { storePassword } from './store-password.ts';
import type { TurnContext } from './turn-context.ts';

type Where = Pick<TurnContext, 'target' | 'store' | 'state' | 'log'>;

export interface Before {
  readonly set: CredentialSet;
  /** The agent's own folder there. */
  readonly own: string;
}

/**
 * Stages a copy of the newest set of the place before; a request that waits there comes along as well, for the service may have
 * answered it. The old files stay: programs may still read them.
 */
export async function adoptFromBefore(context: Where): Promise<void> {
  const { target, store, state, log } = context;
  const { files, name } = target;
  const before = await setToAdopt(context);
  if (!before) return adoptRequestsAlone(context);
  const { set, own } = before;
  const { folder, mode } = state.status.place!;
  const password = await storePassword(files, set.storePassword);
  const facts = { ...set.facts, layout: layoutOf(files) };
  const copy = await store.write({ ...set, facts, storePassword: password });
  await adoptRequests(own, store.own);
  await state.save({ staged: { set: copy, previous: null }, place: placeOf(files) });
  const message = `takes its certificate along from ${folder} (mode ${mode}); remove the files and the key there once nothing reads them`;
  log({ level: 'warn', target: name, message });
}

/** Where nothing was had yet there may be a request for a first certificate; where the files go back to, one that was made meanwhile. */
async function adoptRequestsAlone(context: Where): Promise<void> {
  const { target, store, state } = context;
  const before = storeBefore(context);
  if (!before) return;
  const inUse = await store.inUse();
  if (inUse === null) {
    if (state.status.set !== null) return;
    await adoptRequests(before.own, store.own);
    return state.save({ place: placeOf(target.files) });
  }
  // What is wrong with either was said when they were looked at before.
  const set = await newestSet({ ...context, store: before, log: () => {} });
  const here = await wholeSet(store, inUse);
  if (!here || here.facts.serial !== set?.facts.serial) return;
  await adoptRequests(before.own, store.own);
  await state.save({ staged: null });
  await remember(context, inUse, here);
}

/** Undefined as well when what is in use here is as new, or another's. */
export async function setToAdopt(context: Where): Promise<Before | undefined> {
  const store = storeBefore(context);
  const set = store && (await newestSet({ ...context, store }));
  return set && (await isWantedHere(context, set)) ? { set, own: store.own } : undefined;
}

/** Undefined where the place is the same. */
function storeBefore({ target: { files }, state }: Where): SetStore | undefined {
  const { place } = state.status;
  return place === null || isSamePlace(place, files) ? undefined : openSetStore({ ...files, ...place });
}

/** What an earlier move left here is no younger, by whole seconds; what is another agent's is found out as ever. */
async function isWantedHere({ store, target }: Where, set: CredentialSet): Promise<boolean> {
  const inUse = await store.inUse();
  const here = inUse === null ? undefined : await wholeSet(store, inUse);
  if (!here) return true;
  if (changeOf(target, here) !== undefined || here.facts.serial === set.facts.serial) return false;
  return Date.parse(here.facts.notBefore) <= Date.parse(set.facts.notBefore);
}
