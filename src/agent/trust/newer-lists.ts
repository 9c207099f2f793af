/** Of the lists that were fetched and those in use the newer ones: over plain HTTP anybody on the way can show one from before a revocation. */
import { encodePem } from '../../domain/der/pem.ts';
import { formatName } from '../../domain/x509/name.ts';
import { type ForeignCrl, parseForeignCrl } from '../../domain/x509/read-crl.ts';
import { AgentError } from '../agent-error.ts';
import { type FetchedList, isListOf, keptLists } from './fetch-crls.ts';

export interface NewerLists {
  /** PEM, in the order of the authorities. */
  readonly crlPem: string;
  /** Of each list in use that stays instead of an older one, whose it is and of when, in words. */
  readonly kept: readonly string[];
  /** Why the first of those that could not be had is not there; in its place stays the one in use, if there is one. */
  readonly lacking?: AgentError;
  /** Those of which there is no list at all, neither fetched nor in use. */
  readonly uncovered: readonly FetchedList['authority'][];
}

/**
 * `now` in Unix milliseconds: a list that is over, or made by a clock that was ahead, gives way to any other. AgentError where one
 * could not be had and none of theirs is in use: with one missing from the start, who checks lists refuses everybody.
 */
export function newerLists(fetched: readonly FetchedList[], inUsePem: string, now: number): NewerLists {
  const fetchedPem = fetched.map((list) => ('der' in list ? pemOf(list.der) : '')).join('');
  if (fetchedPem === inUsePem && fetched.every((list) => 'der' in list && list.thisUpdate * 1000 <= now)) {
    return { crlPem: fetchedPem, kept: [], uncovered: [] };
  }
  const all = keptLists(inUsePem);
  const good = all.filter(({ thisUpdate, nextUpdate }) => thisUpdate * 1000 <= now && nextUpdate * 1000 > now);
  const kept: string[] = [];
  const lacking: AgentError[] = [];
  const uncovered: FetchedList['authority'][] = [];
  const newerOf = ({ authority, der, thisUpdate }: Extract<FetchedList, { der: unknown }>): string => {
    const list = parseForeignCrl(der);
    const aheadMs = thisUpdate * 1000 - now;
    if (aheadMs > usualAheadMs) lacking.push(isAhead(authority.name, thisUpdate, now));
    // A program refuses everybody until the time of a list has come: the one before is better until then.
    const before = aheadMs > 0 && good.find((other) => isOfOneAuthority(other, list));
    if (before) return pemOf(before.der);
    const newer = good.find((other) => isOfOneAuthority(other, list) && isNewer(other, list));
    if (newer) kept.push(`${formatName(newer.issuer)} of ${new Date(newer.thisUpdate * 1000).toISOString()}`);
    return pemOf((newer ?? list).der);
  };
  const lists = fetched.map((list) => {
    if ('der' in list) return newerOf(list);
    lacking.push(list.why);
    // Also one that is over: without any, a program says something else, and refuses no less.
    const stays = all.find((other) => isListOf(list.authority, other));
    if (!stays) uncovered.push(list.authority);
    return stays ? pemOf(stays.der) : '';
  });
  const [first] = lacking;
  if (first && !all.some((list) => fetched.some(({ authority }) => isListOf(authority, list)))) throw first;
  return { crlPem: lists.join(''), kept, uncovered, ...(first && { lacking: first }) };
}

/** Clocks are that far apart, and nobody is to blame. */
const usualAheadMs = 60_000;

function isAhead(name: string, thisUpdate: number, now: number): AgentError {
  const [made, here] = [thisUpdate * 1000, now].map((ms) => new Date(ms).toISOString());
  const message = `The list of ${name} was made at ${made}, and this machine’s clock says ${here}: programs here would refuse everybody who is checked by it. Set the clock of this machine, or that of the service.`;
  return new AgentError('crlUnusable', message);
}

const pemOf = (der: Uint8Array): string => encodePem('X509 CRL', der);

const isOfOneAuthority = (a: ForeignCrl, b: ForeignCrl): boolean =>
  Buffer.compare(a.issuer.der, b.issuer.der) === 0 &&
  Buffer.compare(a.authorityKeyIdentifier ?? none, b.authorityKeyIdentifier ?? none) === 0;

const none = new Uint8Array();

/** RFC 5280 §5.2.3: the number tells two lists of one second apart. */
const isNewer = (a: ForeignCrl, b: ForeignCrl): boolean =>
  a.thisUpdate === b.thisUpdate ? (a.crlNumber ?? 0n) > (b.crlNumber ?? 0n) : a.thisUpdate > b.thisUpdate;
