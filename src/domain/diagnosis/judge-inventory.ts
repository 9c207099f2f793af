/** Judges what a database says of itself: its pages, the clock against its newest event, its lists and certificates. */
import { reminderDays } from '../alerts/imported-lists.ts';
import { afterExchange, behindCheckpoint, type LogEnds } from '../audit/behind-checkpoint.ts';
import type { Checkpoint } from '../audit/checkpoint.ts';
import { clockLimits } from './clock-limits.ts';
import type { Finding } from './finding.ts';
import type { BegunKey, CertifiedKey } from './judge-keys.ts';

/** Times of events in Unix milliseconds, those of certificates and lists in Unix seconds. */
export interface InventoryFacts {
  /** What SQLite found wrong; empty if nothing. */
  readonly damage: readonly string[];
  /** Rows that refer to none. */
  readonly orphans: number;
  readonly certificates: number;
  /** 0 for an empty log. */
  readonly newestEvent: number;
  /** Of the audit log; undefined for an empty one. */
  readonly logEnds: LogEnds | undefined;
  /** Those that a service makes anew; the last one of a generation that is retired is not. */
  readonly lists: readonly KnownList[];
  /** Those that were imported, of authorities elsewhere above something that is not retired, or whose certificates are still in use. */
  readonly imported: readonly KnownList[];
  /** Names of such authorities without a list. */
  readonly notImported: readonly string[];
  readonly authorities: readonly { readonly name: string; readonly notAfter: number }[];
  readonly keys: readonly CertifiedKey[];
  readonly begunKeys: readonly BegunKey[];
  /** The last valid certificate of each admin. */
  readonly admins: readonly { readonly name: string; readonly notAfter: number }[];
  /** Those that have a root here, `system` among them. */
  readonly environments: readonly string[];
}

interface KnownList {
  readonly authority: string;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

export interface Surroundings {
  /** Unix milliseconds. */
  readonly now: number;
  /** A service is running, which replaces its lists by itself. */
  readonly served: boolean;
}

const day = 86_400;

/** What the home says of its log beside what the log itself says. */
export interface SignedLog {
  readonly home: string;
  /** The newest checkpoint of the home; undefined without one that can be read. */
  readonly signed: Checkpoint | undefined;
}

/** Every fault of it, or that there is none. A start is refused on a database that does not reach the checkpoint. */
export function judgeDatabase(facts: InventoryFacts, { home, signed }: SignedLog): Finding[] {
  const { damage, orphans, certificates, logEnds } = facts;
  const exchanged = signed && behindCheckpoint(logEnds, signed);
  const damaged = [...damage.slice(0, 3), ...(orphans > 0 ? [`${orphans} rows refer to none`] : [])].join('; ');
  const restoring = 'Stop the service, keep a copy of the home, and restore the newest backup (docs/backup.md).';
  const failed = (says: string, next: string): Finding => ({ check: 'database', state: 'fail', says, next });
  const faults = [
    ...(damaged === '' ? [] : [failed(damaged, restoring)]),
    ...(exchanged === undefined ? [] : [failed(exchanged, afterExchange(home))]),
  ];
  if (faults.length > 0) return faults;
  const says = `every page and every reference is right; ${certificates} certificates`;
  return [{ check: 'database', state: 'ok', says }];
}

/** What the home has beside what the inventory says it must have; nothing if all is there. */
export function judgeFiles({ environments }: InventoryFacts, isThere: (file: string) => boolean): Finding[] {
  const found = (says: string, next: string): Finding => ({ check: 'home', state: 'warn', says, next });
  const missing = environments.map((name) => `trust/${name}.pem`).filter((file) => !isThere(file));
  const [key, certificate] = ['admin/admin.key', 'admin/admin.crt'].map(isThere);
  return [
    ...(missing.length > 0
      ? [found(`there is no ${missing.join(', ')}`, 'Stop and start the service: a start writes it anew.')]
      : []),
    // Neither of them is fine: they were moved to where the admin works.
    ...(key !== certificate
      ? [
          found(
            `of admin/admin.key and admin/admin.crt there is one alone, which is of no use`,
            'Put the other back; without it, another admin can `operator renew admin`, or the machine `operator recover`.',
          ),
        ]
      : []),
  ];
}

/** As services/guard-clock.ts decides at a start. */
export function judgeClock({ newestEvent }: InventoryFacts, { now }: Surroundings): Finding {
  const aheadMs = now - newestEvent;
  const iso = new Date(now).toISOString();
  const next = 'Correct the clock, or, if it is right, start once with PRIVYSEAL_ACCEPT_CLOCK=true.';
  if (newestEvent > 0 && -aheadMs > clockLimits.behindMs) {
    const says = `it says ${iso}, which is ${Math.round(-aheadMs / 1000)} s before the newest audit event: nothing would be signed`;
    return { check: 'clock', state: 'fail', says, next };
  }
  if (newestEvent > 0 && aheadMs > clockLimits.aheadMs) {
    const days = clockLimits.aheadMs / (day * 1000);
    const says = `it says ${iso}, more than ${days} days after the newest audit event: the service would not start`;
    return { check: 'clock', state: 'fail', says, next };
  }
  return { check: 'clock', state: 'ok', says: `it says ${iso}, which fits the audit log` };
}

export function judgeLists({ lists, authorities }: InventoryFacts, { now, served }: Surroundings): Finding {
  const seconds = now / 1000;
  const missing = authorities.filter(({ name }) => !lists.some(({ authority }) => authority === name));
  const over = lists.filter(({ nextUpdate }) => nextUpdate <= seconds);
  const old = lists.filter(({ thisUpdate, nextUpdate }) => seconds > (thisUpdate + nextUpdate) / 2);
  const names = (of: readonly { authority: string }[]): string => of.map(({ authority }) => authority).join(', ');
  const next = served
    ? 'The service replaces lists by itself and does not: its log says why.'
    : 'Start the service: it publishes new lists at once.';
  if (over.length > 0) {
    return { check: 'lists', state: 'fail', says: `past their nextUpdate: ${names(over)}`, next };
  }
  if (missing.length > 0) {
    const says = `no list yet of ${missing.map(({ name }) => name).join(', ')}`;
    // Whoever looks right after a first start, or after an authority was made, is ahead of it.
    const soon =
      'The service makes the first one within seconds. Look again: if it is still missing, its log says why.';
    return { check: 'lists', state: 'warn', says, next: served ? soon : next };
  }
  if (old.length > 0) {
    return { check: 'lists', state: 'warn', says: `past half of their life: ${names(old)}`, next };
  }
  const left = Math.min(...lists.map(({ nextUpdate }) => nextUpdate)) - seconds;
  const says = lists.length === 0 ? 'there are none yet' : `${lists.length}, good for ${hours(left)} at least`;
  return { check: 'lists', state: 'ok', says };
}

/** Nothing while none calls for a person. */
export function judgeImportedLists(
  { imported, notImported }: InventoryFacts,
  { now }: Pick<Surroundings, 'now'>,
): Finding[] {
  const daysOf = (list: KnownList): number | null => reminderDays(list, now / 1000);
  const next =
    'Their keys are elsewhere: fetch the newest list of each, and `privyseal authority import-crl NAME FILE`.';
  const found = (state: Finding['state'], what: string, names: readonly string[]): Finding[] => {
    const says = `${what}: ${names.join(', ')}`;
    return names.length === 0 ? [] : [{ check: 'lists', state, says, next }];
  };
  const namesOf = (lists: readonly KnownList[]): string[] => lists.map(({ authority }) => authority);
  return [
    ...found('fail', 'imported, and over', namesOf(imported.filter((list) => daysOf(list) === 0))),
    ...found('warn', 'imported, and soon over', namesOf(imported.filter((list) => (daysOf(list) ?? 0) > 0))),
    ...found('warn', 'to be imported, and not there yet', notImported),
  ];
}

const hours = (seconds: number): string => {
  const whole = Math.floor(seconds / 3600);
  return whole === 1 ? '1 hour' : `${whole} hours`;
};

/** Days before its end at which a person should act. */
const authorityNotice = 90;
const adminNotice = 14;

export function judgeCertificates({ authorities, admins }: InventoryFacts, { now }: Surroundings): Finding {
  // RFC 5280 §4.1.2.5: notAfter is in the validity, to the end of its second.
  const seconds = Math.floor(now / 1000);
  const within = (days: number) => (certificate: Ending) => certificate.notAfter < seconds + days * day;
  const found = (state: Finding['state'], says: string, next?: string): Finding => ({
    check: 'certificates',
    state,
    says,
    ...(next !== undefined && { next }),
  });
  const ended = authorities.filter(within(0));
  if (ended.length > 0) return found('fail', `expired: ${listed(ended)}`, replacing);
  // An operator whose certificate has expired is no admin any more, and nobody has to act.
  const able = admins.filter((admin) => !within(0)(admin));
  if (able.length === 0) {
    const says = 'no admin has a valid certificate: nobody can administer the service';
    return found('fail', says, 'Stop the service and run `privyseal operator recover` (docs/operating.md).');
  }
  const ending = authorities.filter(within(authorityNotice));
  if (ending.length > 0) return found('warn', `soon to expire: ${listed(ending)}`, replacing);
  const renewing = able.filter(within(adminNotice));
  if (renewing.length > 0) {
    const says = `certificates of admins soon to expire: ${listed(renewing)}`;
    return found('warn', says, 'Renew them: `privyseal operator renew`.');
  }
  return found('ok', `those of ${authorities.length} authorities and of admins (${able.length}), none soon to expire`);
}

interface Ending {
  readonly name: string;
  readonly notAfter: number;
}

const replacing =
  'Replace each: `privyseal authority rotate` in guarded steps, `authority compromise` at once (docs/authorities.md).';

const listed = (certificates: readonly Ending[]): string =>
  certificates.map(({ name, notAfter }) => `${name} (${new Date(notAfter * 1000).toISOString()})`).join(', ');
