/** Roots and CRLs as they are now, for a set: roots only as the service gives them over TLS that the old trust vouches for. */
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import type { AgentError } from '../agent-error.ts';
import { outputsOf, type TargetConfig } from '../config/agent-schema.ts';
import { derOf } from '../files/credential-set.ts';
import { earliestNextUpdate, type FetchedList, fetchCrls } from '../trust/fetch-crls.ts';
import { newerLists } from '../trust/newer-lists.ts';
import { withRootsBesides } from '../trust/roots-besides.ts';
import { rootsWithLists } from '../trust/roots-with-lists.ts';
import { learnServiceRoots } from '../trust/service-trust.ts';
import type { TurnContext } from './turn-context.ts';

export interface Trust {
  readonly trustPem: string;
  readonly crlPem: string;
  /** Why a list is not there, or not as new as it might be. */
  readonly lacking?: AgentError;
}

export interface TrustWanted {
  readonly environment: string;
  readonly crlUrl: string;
}

/**
 * `before` is what is in use; where it has lists of the environment, those that cannot be had stay as they are. AgentError
 * `crlMissing`, `crlUnusable` or `distributionUnreachable`, and the failures of the client.
 */
export async function freshTrust(context: TurnContext, wanted: TrustWanted, before?: Trust): Promise<Trust> {
  const { target, now, log } = context;
  const { environment } = wanted;
  const toldPem = await rootsOf(context, environment);
  if (!hasLists(target)) return { trustPem: await besides(context, toldPem), crlPem: '' };
  const fetched = await listsOf(context, wanted);
  const { kept, uncovered, ...lists } = newerLists(fetched, before?.crlPem ?? '', now());
  for (const list of kept) {
    const message = `was given an older CRL than it has: that of ${list} stays`;
    log({ level: 'warn', target: target.name, message });
  }
  const authorities = fetched.map(({ authority }) => authority);
  const rootsPem = rootsWithLists({ toldPem, inUsePem: before?.trustPem ?? '', authorities, uncovered });
  if (lists.lacking && derOf(rootsPem).length === 0) throw lists.lacking;
  return { trustPem: await besides(context, rootsPem), ...lists };
}

/** The environment's, and those that the target's file adds. */
const besides = ({ target }: TurnContext, rootsPem: string): Promise<string> =>
  withRootsBesides(rootsPem, target.files.alsoTrust ?? []);

/** The environment's, as the service publishes them. */
export const rootsOf = (context: TurnContext, environment: string): Promise<string> =>
  context.shared.fresh(`roots of ${environment}`, () => fetchRoots(context, environment));

async function fetchRoots({ file, access, log }: TurnContext, environment: string): Promise<string> {
  const client = await access.anonymous();
  const learned = await learnServiceRoots(file, client);
  if (learned > 0) {
    const message = `the service has ${learned} new root(s) of its own; they are trusted from now on`;
    log({ level: 'warn', message });
  }
  return client.trustBundle(environment);
}

export const hasLists = ({ files }: TargetConfig): boolean => outputsOf(files).includes('crl.pem');

/** Of every authority of the environment, as they are published. */
export const listsOf = (context: TurnContext, wanted: TrustWanted): Promise<readonly FetchedList[]> =>
  context.shared.fresh(`CRLs of ${wanted.environment} ${wanted.crlUrl}`, () => fetchLists(context, wanted));

async function fetchLists(
  { file, access, now, signal }: TurnContext,
  wanted: TrustWanted,
): Promise<readonly FetchedList[]> {
  const { items } = await (await access.anonymous()).authorities();
  const authorities = items.filter(({ environment }) => environment === wanted.environment);
  const { distributionUrl } = file.service;
  return fetchCrls({ crlUrl: wanted.crlUrl, distributionUrl, authorities, now: now(), signal });
}

/** While CRLs cannot be fetched, those of before will do: a rotation must not wait for them. */
export async function trustOrBefore(
  context: TurnContext,
  wanted: TrustWanted,
  before: Trust | undefined,
): Promise<Trust> {
  const stays = (why: Error): void => {
    const message = `CRLs stay as they were: ${why.message}`;
    context.log({ level: 'warn', target: context.target.name, message });
  };
  try {
    const trust = await freshTrust(context, wanted, before);
    if (trust.lacking) stays(trust.lacking);
    return trust;
  } catch (error) {
    const end = before && earliestNextUpdate(before.crlPem);
    const trustPem = await besides(context, await rootsOf(context, wanted.environment));
    if (!before || end === undefined || end * 1000 <= context.now() || before.trustPem !== trustPem) throw error;
    stays(error as Error);
    return { trustPem, crlPem: before.crlPem };
  }
}

/** In words, for people: which roots came and went. */
export function describeTrustChange(before: string, after: string): string {
  const [old, fresh] = [before, after].map(subjects) as [string[], string[]];
  const came = fresh.filter((subject) => !old.includes(subject)).map((subject) => `+ ${subject}`);
  const went = old.filter((subject) => !fresh.includes(subject)).map((subject) => `- ${subject}`);
  return [...came, ...went].join(', ');
}

const subjects = (pem: string): string[] =>
  derOf(pem).map((der) => {
    const { subject, fingerprint256 } = openCertificate(der);
    return `${subject.replaceAll('\n', ',')} (SHA-256 ${fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()}…)`;
  });
