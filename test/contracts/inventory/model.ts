/** What a search, a count and a summary must answer, said once more in the plainest way: by looking at every record. */
import fc from 'fast-check';
import { everyWindowEnd } from '../../../src/domain/policy/renewal-window.ts';
import {
  type CertificateRecord,
  type CertificateStatus,
  certificateStatus,
  listedName,
} from '../../../src/domain/records/certificate.ts';
import type { DeploymentState } from '../../../src/domain/records/deployment.ts';
import type { CertificateFilter, CertificateQuery, OneOrMore } from '../../../src/ports/inventory-questions.ts';
import { daySeconds, frozenNow, frozenNowSeconds } from '../../support/inventory-builders.ts';

const day = (count: number): number => frozenNowSeconds + count * daySeconds;
const owners = ['dev/a', 'dev/b', 'prod/a'];
const issuers = ['aa'.repeat(20), 'bb'.repeat(20)];
const statuses: readonly CertificateStatus[] = ['pending', 'valid', 'expired', 'revoked', 'held'];

/** A certificate of few kinds, so that many are alike in much. */
export const arbitraryCertificate = fc
  .record({
    owner: fc.constantFrom(...owners),
    host: fc.constantFrom('web', 'db'),
    names: fc.integer({ min: 0, max: 2 }),
    subject: fc.constantFrom('CN=web', 'CN=db,O=Ünï & Co', 'O=none'),
    profile: fc.constantFrom('server', 'client'),
    keyType: fc.constantFrom('ec-p256', 'rsa-3072'),
    issuerSerial: fc.constantFrom(...issuers),
    days: fc.integer({ min: -2, max: 20 }),
    minute: fc.integer({ min: 0, max: 5 }),
    requestedBy: fc.constantFrom('token:one', 'operator:two'),
    fate: fc.constantFrom(
      ...(['issued', 'issued', 'issued', 'intent', 'closed', 'revoked', 'held', 'released', 'rotated'] as const),
      'unfollowed',
    ),
  })
  .map(({ owner, host, names, days, minute, fate, ...same }) => {
    const environment = owner.split('/')[0]!;
    const details = {
      ...same,
      owner,
      environment,
      authority: `${environment}-issuing`,
      names: [`${host}.${owner.replace('/', '.')}.internal`, `${host}.other.internal`].slice(0, names),
      notAfter: day(days),
      requestedAt: frozenNow + minute * 60_000,
    };
    return { details, fate };
  });

export type ArbitraryCertificate = typeof arbitraryCertificate extends fc.Arbitrary<infer Value> ? Value : never;

const several = <T>(...values: T[]): fc.Arbitrary<OneOrMore<T>> =>
  fc.oneof(fc.constantFrom(...values), fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }));

/** Any filters, together; each is mostly absent, so that something is found. */
export const arbitraryFilter: fc.Arbitrary<CertificateFilter> = fc
  .record(
    {
      environment: fc.option(several('dev', 'prod'), { freq: 1 }),
      owner: fc.option(several(...owners), { freq: 1 }),
      profile: fc.option(several('server', 'client', 'none'), { freq: 1 }),
      authority: fc.option(several('dev-issuing', 'prod-issuing'), { freq: 1 }),
      issuerSerial: fc.option(fc.constantFrom(...issuers), { freq: 1 }),
      status: fc.option(several(...statuses), { freq: 1 }),
      isRevocable: fc.option(fc.constant(true), { freq: 1 }),
      name: fc.option(
        fc.constantFrom('web.dev.a.internal', '*.internal', '*.dev.a.internal', '*.other.internal', 'web'),
        { freq: 1 },
      ),
      notAfterBefore: fc.option(fc.integer({ min: -2, max: 20 }).map(day), { freq: 1 }),
      notAfterAfter: fc.option(fc.integer({ min: -3, max: 19 }).map(day), { freq: 1 }),
      issuedBefore: fc.option(
        fc.integer({ min: 0, max: 5 }).map((minute) => frozenNowSeconds + minute * 60),
        { freq: 1 },
      ),
      issuedAfter: fc.option(
        fc.integer({ min: 0, max: 5 }).map((minute) => frozenNowSeconds + minute * 60),
        { freq: 1 },
      ),
      requestedBy: fc.option(fc.constantFrom('token:one', 'operator:two'), { freq: 1 }),
      successor: fc.option(fc.constantFrom('none', 'some'), { freq: 1 }),
      deployment: fc.option(several<DeploymentState>('none', 'failed'), { freq: 1 }),
      rotation: fc.option(fc.constant('overdue'), { freq: 1 }),
      text: fc.option(fc.constantFrom('WEB', 'internal', 'dev.a', 'other', 'ÜNÏ', 'cn=db', 'o=none', 'zzz'), {
        freq: 1,
      }),
    },
    { requiredKeys: [] },
  )
  .map((filter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null)));

export const arbitrarySort = fc.constantFrom<CertificateQuery['sort'][]>(
  'requestedAt',
  '-requestedAt',
  'notAfter',
  '-notAfter',
  'name',
  '-name',
);

const isOneOf = (wanted: OneOrMore<string> | undefined, value: string | null): boolean =>
  wanted === undefined || [wanted].flat().includes(value ?? '');

const isBetween = (value: number | null, after: number | undefined, before: number | undefined): boolean =>
  (after === undefined || (value !== null && value > after)) &&
  (before === undefined || (value !== null && value < before));

const isOverdue = (record: CertificateRecord, now: number): boolean =>
  record.successor === null && certificateStatus(record, now) === 'valid' && everyWindowEnd(record) <= now;

const isRevocable = (record: CertificateRecord, now: number): boolean =>
  record.notAfter >= now && ['valid', 'held'].includes(certificateStatus(record, now));

export function matches(record: CertificateRecord, filter: CertificateFilter, now: number): boolean {
  const { name, text } = filter;
  const isNamed = (one: string): boolean =>
    name!.startsWith('*.') ? one.endsWith(name!.slice(1)) && one.length >= name!.length : one === name;
  const texts = [...record.names, record.subject].map((one) => one.toLowerCase());
  return (
    isOneOf(filter.environment, record.environment) &&
    isOneOf(filter.owner, record.owner) &&
    isOneOf(filter.profile, record.profile) &&
    isOneOf(filter.authority, record.authority) &&
    isOneOf(filter.issuerSerial, record.issuerSerial) &&
    isOneOf(filter.status, certificateStatus(record, now)) &&
    (filter.isRevocable === undefined || isRevocable(record, now)) &&
    isOneOf(filter.requestedBy, record.requestedBy) &&
    isBetween(record.notAfter, filter.notAfterAfter, filter.notAfterBefore) &&
    isBetween(
      record.issuedAt,
      filter.issuedAfter && filter.issuedAfter * 1000,
      filter.issuedBefore && filter.issuedBefore * 1000,
    ) &&
    // The certificates here have no reports.
    isOneOf(filter.deployment, 'none') &&
    (filter.rotation === undefined || isOverdue(record, now)) &&
    (filter.successor === undefined || (record.successor === null) === (filter.successor === 'none')) &&
    (name === undefined || record.names.some(isNamed)) &&
    (text === undefined || texts.some((one) => one.includes(text.toLowerCase())))
  );
}

/** The key that a list must be sorted by; ties are in any order that stays. */
export function sortKey(record: CertificateRecord, sort: CertificateQuery['sort']): number | string {
  if (sort.endsWith('name')) return listedName(record);
  return sort.endsWith('notAfter') ? record.notAfter : record.requestedAt;
}
