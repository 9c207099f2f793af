/** One turn of one target: whatever it needs now is done, and what was done is remembered. */
import type { CertificateJson } from '../../api/certificate.ts';
import { ClientFailure } from '../../client/failure.ts';
import type { TurnReport } from '../../domain/rotation/turn-report.ts';
import { parseCertificate } from '../../domain/x509/certificate.ts';
import { activateStaged, lacksProof, proveServed, remember } from '../activate/activate-set.ts';
import { AgentError } from '../agent-error.ts';
import { type CredentialSet, canAuthenticate, derOf, layoutOf } from '../files/credential-set.ts';
import type { Issued, Waiting } from '../issue/obtain-certificate.ts';
import { dropAnswered, dropAnsweredBefore, dropRequest } from '../issue/pending-request.ts';
import { endpointOf } from '../proof/endpoint.ts';
import { keepReport } from '../report/deployment-report.ts';
import { uniteRoots } from '../trust/roots-besides.ts';
import { isIssuerRevoked, isVouchedFor } from '../trust/vouched-for.ts';
import { adoptFromBefore } from './adopt-set.ts';
import { changeOf, chooseStep, type Step } from './choose-step.ts';
import {
  describeTrustChange,
  freshTrust,
  hasLists,
  listsOf,
  rootsOf,
  type Trust,
  trustOrBefore,
} from './fresh-trust.ts';
import { newestSet, wholeSet } from './newest-set.ts';
import { obtainForStep } from './obtain-for-step.ts';
import { storePassword } from './store-password.ts';
import type { TurnContext } from './turn-context.ts';

/** What was done, without the status that the caller adds. */
export interface Done extends Pick<TurnReport, 'act' | 'detail'> {
  /** What is to be tried again like a failure: files are in use that no program has taken yet, or that are not those asked for. */
  readonly trouble?: Error;
}

/** Throws what stood in the way; the files are then as they were before, or whole and new. */
export async function runTurn(context: TurnContext, force: boolean): Promise<Done> {
  const { store, state } = context;
  await store.sweep();
  await adoptFromBefore(context);
  const finished = await finishInterrupted(context);
  const newest = await newestSet(context);
  if (newest) {
    await dropAnsweredBefore(store.own, newest.keyPem);
    await knowInUse(context, newest);
  }
  const chosen = await chooseStep(context, newest, force);
  const forsaken = newest && (await whyForsaken(context, newest, chosen));
  const step: Step = forsaken === undefined ? chosen : { kind: 'rotate', why: forsaken };
  if (step.kind === 'keep') {
    const done = await keepFresh(context, newest!, step);
    return finished && done.act === 'unchanged' ? activated(finished) : done;
  }
  if (newest) await trustFirst(context, newest);
  const { obtained, act, why, trouble, waiting } = await obtainForStep(context, step, newest).catch(
    async (error: unknown) => {
      await stayFresh(context, newest);
      throw error;
    },
  );
  if (obtained.kind === 'waiting') {
    await state.save({ waitingFor: obtained.requestId });
    await stayFresh(context, newest);
    const detail = `request ${obtained.requestId} waits for approval until ${obtained.expiresAt}`;
    return { act: 'waiting', detail, ...(trouble && { trouble }) };
  }
  await stageIssued(context, obtained, { newest, waiting });
  if ((await store.inUse()) === null) return { act, ...(await useFirst(context, why)) };
  const set = await activate(context);
  const detail = `${set.facts.serial} is in use until ${set.facts.notAfter}: ${why}`;
  return { act, detail, ...(trouble && { trouble }) };
}

/**
 * After the loss of a key above it waiting for a campaign would mean to serve what nobody believes, or to trust whoever has that key.
 * Undefined: it is believed, or nothing is known against it.
 */
async function whyForsaken(context: TurnContext, newest: CredentialSet, chosen: Step): Promise<string | undefined> {
  if (chosen.kind !== 'keep' || chosen.silence !== undefined || chosen.hold) return undefined;
  try {
    const rootsPem = await rootsOf(context, newest.facts.environment);
    if (!isVouchedFor(newest, rootsPem)) return 'no root of its environment vouches for it any more';
    if (!hasLists(context.target)) return undefined;
    const lists = await listsOf(context, newest.facts);
    return isIssuerRevoked(newest, rootsPem, lists) ? 'the authority that signed it is revoked' : undefined;
  } catch {
    // What cannot be had now is asked for again, and told of, where the files are kept fresh.
    return undefined;
  }
}

/** A certificate that has to stay for now needs its CRLs: nginx refuses everybody once they are over. */
async function stayFresh(context: TurnContext, newest: CredentialSet | undefined): Promise<void> {
  const { state, signal } = context;
  if (!newest || signal.aborted) return;
  try {
    const obstacle = await stageFresh(context, newest);
    if (state.status.staged) await activate(context);
    if (obstacle !== undefined) throw obstacle;
  } catch (error) {
    tellStale(context, error);
  }
}

function tellStale({ target, signal, log }: TurnContext, obstacle: unknown): void {
  signal.throwIfAborted();
  log({ level: 'warn', target: target.name, message: `its files are not all fresh: ${(obstacle as Error).message}` });
}

/** A program that starts only once its files are there cannot be told of them before: that is no failed enrolment. */
async function useFirst(context: TurnContext, why: string): Promise<Omit<Done, 'act'>> {
  const { set: name } = context.state.status.staged!;
  const set = await context.store.read(name);
  const { facts } = set;
  if (!canAuthenticate(set)) {
    const message = `profile ${facts.profile} is for servers alone: the token must stay, for reports and rotations; each rotation takes a use of it`;
    context.log({ level: 'warn', target: context.target.name, message });
  }
  const detail = `${facts.serial} is in use until ${facts.notAfter}: ${why}`;
  try {
    await activate(context);
    return { detail };
  } catch (error) {
    if (!(error instanceof AgentError) || !['reloadFailed', 'proofFailed'].includes(error.code)) throw error;
    const untold = `${detail}; its program has not taken it yet, which is tried again: ${error.message}`;
    return { detail: untold, trouble: error };
  }
}

/** A set that was in use but not proven when the agent ended, and files that were half installed, are brought to their end. */
async function finishInterrupted(context: TurnContext): Promise<CredentialSet | undefined> {
  const { store, state, target } = context;
  const { staged } = state.status;
  const inUse = await store.inUse();
  if (staged && !(await wholeSet(store, staged.set))) await state.save({ staged: null });
  else if (staged && staged.set === inUse) return activate(context);
  else if (inUse !== null && target.files.mode === 'replace' && (await wholeSet(store, inUse))) {
    const { installFiles } = await import('../files/install-files.ts');
    await installFiles(target.files, store.current, store.own);
  }
  return undefined;
}

const activated = ({ facts }: CredentialSet): Done => ({
  act: 'activated',
  detail: `${facts.serial} is in use until ${facts.notAfter}`,
});

/** The files outlive a state file that is lost: what the status and metrics tell is learnt from them again. */
async function knowInUse({ store, state, target }: TurnContext, newest: CredentialSet): Promise<void> {
  const inUse = await store.inUse();
  if (inUse === null || state.status.staged || state.status.set === inUse) return;
  const { names } = newest.facts;
  // Two agents that want different files in one folder would otherwise enrol anew against each other, turn by turn.
  if (state.status.set !== null && changeOf(target, newest) !== undefined) {
    const message = `${target.files.folder} was given other files by another agent: ${inUse} for ${names.join(', ')}.`;
    throw new AgentError('folderTaken', `${message} Take the target out of one of them, or give each its own folder.`);
  }
  await remember({ state, target }, inUse, newest);
}

async function stageIssued(
  context: TurnContext,
  { certificate, keyPem, by }: Issued,
  { newest, waiting }: { readonly newest: CredentialSet | undefined; readonly waiting: Waiting | undefined },
): Promise<void> {
  const { store, state, target, now } = context;
  const wanted = { environment: certificate.environment!, crlUrl: certificate.links.crl };
  const { trustPem, crlPem, lacking } = await trustOrBefore(context, wanted, newest);
  const path = {
    certPem: withNewline(certificate.certificate),
    chainPem: certificate.chain.map(withNewline).join(''),
  };
  // Its root waits for a list, and so does it: peers that check lists refuse it.
  if (lacking && !isVouchedFor(path, trustPem)) throw lacking;
  await stage(context, {
    ...path,
    facts: factsOf(certificate, layoutOf(target.files)),
    keyPem,
    trustPem,
    crlPem,
    storePassword: await storePassword(target.files, newest?.storePassword),
  });
  await state.save({ waitingFor: waiting?.requestId ?? null, rotatedAt: new Date(now()).toISOString() });
  // Last: what a crash leaves of it is known by its key.
  await dropAnswered(store.own, by);
}

const withNewline = (pem: string): string => (pem.endsWith('\n') ? pem : `${pem}\n`);

/** What the certificate says of itself is taken from there: by it the agent knows whether its file has changed, and when to rotate. */
function factsOf(certificate: CertificateJson, layout: string): CredentialSet['facts'] {
  const [der] = derOf(certificate.certificate);
  const { names, notBefore, notAfter } = parseCertificate(der!);
  return {
    serial: certificate.serial,
    environment: certificate.environment!,
    product: certificate.product!,
    profile: certificate.profile.name,
    names: names.map(({ value }) => value),
    notBefore: rfc3339(notBefore),
    notAfter: rfc3339(notAfter),
    crlUrl: certificate.links.crl,
    layout,
  };
}

const rfc3339 = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');

/** On disk, and remembered as what is to be used next. */
async function stage({ store, state }: TurnContext, set: CredentialSet): Promise<void> {
  const name = await store.write(set);
  const inUse = await store.inUse();
  // There is no way back to files that are damaged.
  const previous = inUse !== null && (await wholeSet(store, inUse)) ? inUse : null;
  await state.save({ staged: { set: name, previous } });
}

async function activate(context: TurnContext): Promise<CredentialSet> {
  const { store, state, target, signal } = context;
  const { set: name, previous } = state.status.staged!;
  const before = previous === null ? undefined : await store.read(previous).catch(() => undefined);
  const set = await activateStaged(context).catch(async (error: unknown) => {
    if (!signal.aborted) await keepReport(context, await store.read(name), error);
    throw error;
  });
  // Newer CRLs alone are no news: a fleet would tell of them after each revocation.
  const isNews = before?.facts.serial !== set.facts.serial || before.trustPem !== set.trustPem;
  if (isNews) await keepReport(context, set);
  await store.clean(target.keep, [previous]);
  return set;
}

/** The certificate stays: newer roots or CRLs, or other files, make a new set of it. */
async function keepFresh(
  context: TurnContext,
  newest: CredentialSet,
  step: Extract<Step, { kind: 'keep' }>,
): Promise<Done> {
  const { state, target } = context;
  if (step.silence === undefined && !step.hold) await forgetOtherNames(context);
  const obstacle =
    step.silence === undefined
      ? ((await stageFresh(context, newest)) ?? step.hold)
      : await stageFreshUnknown(context, newest, step.silence);
  if (state.status.staged) {
    const isRefresh = state.status.staged.previous?.endsWith(newest.facts.serial) === true;
    const set = await activate(context);
    const done = activated(set);
    if (obstacle === undefined) {
      return isRefresh ? { act: 'refreshed', detail: `${done.detail}, with ${newsOf(newest, set)}` } : done;
    }
  }
  if (obstacle !== undefined) throw obstacle;
  if (lacksProof(context, newest)) return proveNow(context, newest);
  const { at } = state.status.renewal!;
  return { act: 'unchanged', detail: `${target.name} is good; ${newest.facts.serial} is rotated at ${at}` };
}

/**
 * A service that answers, but not when to rotate, as one that was restored from before the certificate, still has lists: who checks them
 * refuses everybody once they are over. Its roots are not taken where they do not vouch for the certificate: it may have lost those that do.
 */
async function stageFreshUnknown(context: TurnContext, newest: CredentialSet, silence: unknown): Promise<unknown> {
  if (silence instanceof ClientFailure) return silence;
  const obstacle = await stageFresh(context, newest, async () => {
    const trust = await currentTrust(context, newest);
    return isVouchedFor(newest, trust.trustPem) ? trust : newest;
  });
  if (obstacle !== undefined) tellStale(context, obstacle);
  return silence;
}

/** The file asks again for what is in use, before operators had decided on what it asked for meanwhile. */
async function forgetOtherNames({ store, state }: TurnContext): Promise<void> {
  await dropRequest(store.own, 'enrol');
  if (state.status.waitingFor !== null) await state.save({ waitingFor: null });
}

const newsOf = (before: Trust, { trustPem, crlPem }: Trust): string =>
  trustPem === before.trustPem && crlPem === before.crlPem
    ? 'its files as they are asked for now'
    : 'newer CRLs or roots';

/** A proof that came with a change of the agent's file is not put off until the next rotation. */
async function proveNow(context: TurnContext, set: CredentialSet): Promise<Done> {
  try {
    await proveServed(context, set);
  } catch (error) {
    if (!context.signal.aborted) await keepReport(context, set, error);
    throw error;
  }
  await keepReport(context, set);
  return { act: 'activated', detail: `${activated(set).detail}, as ${endpointOf(context.target.proof!)} has shown` };
}

/**
 * A Kafka broker shakes hands with itself, old stores against new ones: it must trust a new root before it is given a certificate
 * under it. So the certificate in use goes with the new roots first, and none of before goes: clients may still show certificates
 * under it. Roots that cannot be learnt now cannot come with the new one either.
 */
async function trustFirst(context: TurnContext, newest: CredentialSet): Promise<void> {
  const { state, target } = context;
  if (target.reload?.action !== 'kafka' || state.status.staged) return;
  await stageFresh(context, newest, keepingRoots);
  if (state.status.staged) await activate(context);
}

/** Roots of before, then those that are new: of the certificate's environment, of the one that the target moves to, of the file. */
async function keepingRoots(context: TurnContext, newest: CredentialSet): Promise<Trust> {
  const { environment } = newest.facts;
  const { trustPem, ...lists } = await freshTrust(context, newest.facts, newest);
  const [next = environment] = context.target.product?.split('/') ?? [];
  const others = next === environment ? [] : [await rootsOf(context, next)];
  return { ...lists, trustPem: uniteRoots(newest.trustPem, trustPem, ...others) };
}

/** Answers what stood in the way: it must not keep a set that waits from being used. */
async function stageFresh(context: TurnContext, newest: CredentialSet, trustOf = currentTrust): Promise<unknown> {
  try {
    const { lacking, ...trust } = await trustOf(context, newest);
    await stageChanges(context, newest, trust);
    return lacking;
  } catch (error) {
    return error;
  }
}

const currentTrust = (context: TurnContext, newest: CredentialSet): Promise<Trust> =>
  freshTrust(context, newest.facts, newest);

async function stageChanges(context: TurnContext, newest: CredentialSet, trust: Trust): Promise<void> {
  const { target, log } = context;
  const layout = layoutOf(target.files);
  const password = await storePassword(target.files, newest.storePassword);
  const isSame = trust.trustPem === newest.trustPem && trust.crlPem === newest.crlPem;
  if (isSame && layout === newest.facts.layout && password === newest.storePassword) return;
  const change = describeTrustChange(newest.trustPem, trust.trustPem);
  if (change !== '') log({ level: 'warn', target: target.name, message: `the service’s roots changed: ${change}` });
  if (derOf(trust.trustPem).length === 0)
    throw new AgentError('answerNotTrusted', 'The service names no roots at all.');
  await stage(context, { ...newest, ...trust, storePassword: password, facts: { ...newest.facts, layout } });
}
