/** Puts a set to use: switch, reload, proof; and back to the previous set when either fails. */
import type { TargetProof } from '../../domain/rotation/target-status.ts';
import { AgentError } from '../agent-error.ts';
import type { TargetConfig } from '../config/agent-schema.ts';
import { type CredentialSet, placeOf } from '../files/credential-set.ts';
import { installFiles, removeUnasked } from '../files/install-files.ts';
import type { SetStore } from '../files/set-store.ts';
import { askedBy, isOfProof } from '../proof/endpoint.ts';
import type { TargetState } from '../state/target-state.ts';
import { earliestNextUpdate } from '../trust/fetch-crls.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface ActivateDeps {
  readonly target: TargetConfig;
  readonly store: SetStore;
  readonly state: TargetState;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/**
 * The staged set of the state becomes the one in use. It stays staged until it is proven, so that a crash or a failure is
 * followed by another try with the same certificate. AgentError `reloadFailed` or `proofFailed`, after the way back, if there is one.
 */
export async function activateStaged(deps: ActivateDeps): Promise<CredentialSet> {
  const { store, state } = deps;
  const { set: name } = state.status.staged!;
  const set = await store.read(name);
  const before = await setBefore(deps);
  const sets = before ? [set, before] : [set];
  await useSet(deps, name);
  try {
    await reload(deps, sets);
    await proveServed(deps, set);
  } catch (error) {
    if (deps.signal.aborted) throw error;
    if (isWayBack(deps, before)) await goBack(deps, sets, error);
    else await remember(deps, name, set);
    throw error;
  }
  await remember(deps, name, set);
  await state.save({ staged: null });
  const { files } = deps.target;
  // Not sooner: the way back might have needed them.
  if (files.mode === 'replace') await removeUnasked(files, store.own);
  return set;
}

/** Whether the target has a proof that has not shown this certificate yet: it was given or changed later, or the state file was lost. */
export function lacksProof(
  { target, state }: Pick<ActivateDeps, 'target' | 'state'>,
  { facts }: CredentialSet,
): boolean {
  const { lastProof } = state.status;
  if (target.proof === undefined) return false;
  const isOfThis = lastProof?.serial === facts.serial && isOfProof(lastProof, target.proof);
  return !isOfThis || lastProof.outcome !== 'proved';
}

/** Undefined as well for one that is not whole. */
async function setBefore({ store, state }: ActivateDeps): Promise<CredentialSet | undefined> {
  const { previous } = state.status.staged!;
  return previous === null ? undefined : await store.read(previous).catch(() => undefined);
}

/** The set before must be any better than one that could not be proven. */
const isWayBack = ({ now }: ActivateDeps, before: CredentialSet | undefined): boolean =>
  before !== undefined && Date.parse(before.facts.notAfter) > now();

/** What is in use: also a first set that could not be proven, because without it there is nothing. */
export async function remember(
  { state, target }: Pick<ActivateDeps, 'state' | 'target'>,
  name: string,
  { facts, crlPem }: CredentialSet,
): Promise<void> {
  const { serial, notBefore, notAfter } = facts;
  const end = earliestNextUpdate(crlPem);
  const crlNextUpdate = end === undefined ? null : new Date(end * 1000).toISOString();
  await state.save({ set: name, place: placeOf(target.files), serial, notBefore, notAfter, crlNextUpdate });
}

async function useSet({ target, store }: ActivateDeps, name: string): Promise<void> {
  if ((await store.inUse()) !== name) await store.switchTo(name);
  if (target.files.mode === 'replace') await installFiles(target.files, store.current, store.own);
}

/** Of what a program wrote, the last ones: they go into a line of the log and into the state file. */
const mostLines = 10;

/** `sets`: those whose secrets the program could read, and write for everybody to see. */
async function reload({ target, store, signal }: ActivateDeps, sets: readonly CredentialSet[]): Promise<void> {
  if (target.reload === undefined) return;
  const { runReload, ReloadError } = await import('../reload/run-reload.ts');
  const files = target.files.mode === 'link' ? store.current : target.files.folder;
  try {
    await runReload(target.reload, { files, signal });
  } catch (error) {
    if (!(error instanceof ReloadError)) throw error;
    const lines = withoutSecrets(error.output, sets).split('\n').slice(-mostLines).join(' | ');
    const output = lines === '' ? '' : ` It wrote: ${lines}`;
    throw new AgentError('reloadFailed', `${error.message}${output}`, error);
  }
}

/** Keeps what the handshakes showed in the state. AgentError `proofFailed`. */
export async function proveServed({ target, state, now, signal }: ActivateDeps, set: CredentialSet): Promise<void> {
  const { proof } = target;
  if (proof === undefined) return;
  const { prove } = await import('../proof/prove.ts');
  const own = { certPem: set.certPem + set.chainPem, keyPem: set.keyPem };
  const outcome = await prove(proof, { serial: set.facts.serial, trustPem: set.trustPem, own, signal });
  const isProved = outcome.kind === 'proved';
  const lastProof: TargetProof = {
    at: new Date(now()).toISOString(),
    outcome: outcome.kind,
    ...askedBy(proof),
    serial: isProved ? outcome.serial : outcome.servedSerial,
    detail: isProved ? `${outcome.protocol} with the new certificate` : outcome.reason,
  };
  await state.save({ lastProof });
  if (!isProved) throw new AgentError('proofFailed', outcome.reason);
}

/** The previous set, and the program told of it. */
async function goBack(deps: ActivateDeps, sets: readonly CredentialSet[], cause: unknown): Promise<void> {
  await useSet(deps, deps.state.status.staged!.previous!);
  try {
    await reload(deps, sets);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    // What a program wrote ends anyhow.
    const first = (cause as Error).message.replace(/\.?$/, '.');
    throw new AgentError('reloadFailed', `${first} The previous files are back, but: ${error.message}`, error);
  }
}
