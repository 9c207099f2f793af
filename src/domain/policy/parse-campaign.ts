/** What an operator asks of a campaign becomes a checked order, or every reason why not. */
import { CaError, type Reason } from '../errors.ts';
import type { CampaignFilter, CampaignOrder } from '../records/campaign.ts';
import { parseSerial } from '../x509/serial.ts';
import { type Complain, complainInto, objectOf, type Raw } from './raw-fields.ts';
import { safeText } from './safe-text.ts';
import { searchedName, searchedNameRule } from './searched-name.ts';

const filterFields = [
  ...['environment', 'product', 'profile', 'authority', 'issuer', 'name', 'key', 'notAfter.before', 'notAfter.after'],
  ...['issued.before', 'issued.after', 'requestedBy', 'q'],
];

const longestDescription = 200;
const mostValues = 20;

/** `now` in Unix seconds; `dryRun` is the caller’s to heed. Throws CaError `policyRefused` with a reason for each field that is wrong. */
export function parseCampaign(raw: unknown, now: number): CampaignOrder {
  const reasons: Reason[] = [];
  const complain = complainInto(reasons, 'campaign');
  const known = ['filter', 'rotateBy', 'revokeAt', 'description', 'dryRun'];
  const fields = objectOf(raw, { field: '', known }, complain);
  if (fields.dryRun !== undefined && typeof fields.dryRun !== 'boolean') {
    complain('dryRun', 'must be true or false', fields.dryRun);
  }
  const filter = filterOf(fields.filter, reasons, complain);
  const { rotateBy, revokeAt } = deadlinesOf(fields, { revokeAt: null }, { now, reasons, complain });
  const description = descriptionOf(fields.description, complain);
  if (reasons.length > 0) throw new CaError('policyRefused', 'The campaign is not valid.', { reasons });
  return { filter, rotateBy, revokeAt, description };
}

/** New times for a campaign that is resumed; `rotateBy` as it was where it is absent. Throws as `parseCampaign` does. */
export function parseResumption(
  raw: unknown,
  before: Pick<CampaignOrder, 'rotateBy' | 'revokeAt'>,
  now: number,
): Pick<CampaignOrder, 'rotateBy' | 'revokeAt'> {
  const reasons: Reason[] = [];
  const complain = complainInto(reasons, 'resumption');
  const given = objectOf(raw, { field: '', known: times }, complain);
  const deadlines = deadlinesOf(given, before, { now, reasons, complain });
  if (reasons.length > 0) throw new CaError('policyRefused', 'The campaign cannot go on like this.', { reasons });
  return deadlines;
}

const times = ['rotateBy', 'revokeAt'];

interface Judging {
  readonly now: number;
  readonly reasons: Reason[];
  readonly complain: Complain;
}

type Deadlines = Pick<CampaignOrder, 'rotateBy' | 'revokeAt'>;

/** What is absent is as it was before. */
function deadlinesOf(given: Raw, before: Partial<Deadlines>, { now, reasons, complain }: Judging): Deadlines {
  const { rotateBy: by, revokeAt: at = null } = given;
  const rotateBy = by === undefined && before.rotateBy ? before.rotateBy : timeOf(by, 'rotateBy', complain);
  const kept = given.revokeAt === undefined ? (before.revokeAt ?? null) : null;
  const revokeAt = at === null ? kept : timeOf(at, 'revokeAt', complain);
  if (rotateBy <= now) {
    const message = 'rotateBy must be in the future: nobody can rotate by a time that has passed.';
    reasons.push({ code: 'deadlinePassed', field: 'rotateBy', message });
  }
  if (revokeAt !== null && revokeAt < rotateBy) {
    const message = 'revokeAt must not be before rotateBy: what may still be rotated is not revoked.';
    reasons.push({ code: 'revokedBeforeDeadline', field: 'revokeAt', message });
  }
  return { rotateBy, revokeAt };
}

function filterOf(value: unknown, reasons: Reason[], complain: Complain): CampaignFilter {
  const raw = objectOf(value, { field: 'filter', known: filterFields }, complain);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && Object.keys(value).length === 0) {
    const message = 'A campaign needs a filter: an empty one would mean every certificate there is.';
    reasons.push({ code: 'campaignWithoutFilter', field: 'filter', message });
  }
  const reads: Readonly<Record<string, readonly [keyof CampaignFilter, (field: string) => unknown]>> = {
    environment: ['environment', (field) => valuesOf(raw.environment, field, complain)],
    product: ['owner', (field) => valuesOf(raw.product, field, complain)],
    profile: ['profile', (field) => valuesOf(raw.profile, field, complain)],
    authority: ['authority', (field) => valuesOf(raw.authority, field, complain)],
    issuer: ['issuerSerial', (field) => serialOf(raw.issuer, field, complain)],
    name: ['name', (field) => nameOf(raw.name, field, complain)],
    key: ['keySha256', (field) => keyOf(raw.key, field, complain)],
    'notAfter.before': ['notAfterBefore', (field) => timeOf(raw['notAfter.before'], field, complain)],
    'notAfter.after': ['notAfterAfter', (field) => timeOf(raw['notAfter.after'], field, complain)],
    'issued.before': ['issuedBefore', (field) => timeOf(raw['issued.before'], field, complain)],
    'issued.after': ['issuedAfter', (field) => timeOf(raw['issued.after'], field, complain)],
    requestedBy: ['requestedBy', (field) => textOf(raw.requestedBy, { field, minimum: 1, maximum: 200 }, complain)],
    q: ['text', (field) => textOf(raw.q, { field, minimum: 3, maximum: 200 }, complain)],
  };
  const given = Object.entries(reads).filter(([field]) => raw[field] !== undefined);
  return Object.fromEntries(given.map(([field, [key, read]]) => [key, read(`filter.${field}`)]));
}

/** One text, or a list of them without repeats. */
function valuesOf(value: unknown, field: string, complain: Complain): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const good = list.filter((item): item is string => typeof item === 'string' && /^[!-~]{1,100}$/.test(item));
  if (good.length === list.length && list.length > 0 && list.length <= mostValues) return [...new Set(good)];
  complain(field, `must be a text of 1 to 100 visible characters, or a list of 1 to ${mostValues} of them`, value);
  return [];
}

interface TextShape {
  readonly field: string;
  readonly minimum: number;
  readonly maximum: number;
}

function textOf(value: unknown, { field, minimum, maximum }: TextShape, complain: Complain): string {
  const length = typeof value === 'string' ? [...value].length : -1;
  if (typeof value === 'string' && length >= minimum && length <= maximum) return value;
  complain(field, `must be a text of ${minimum} to ${maximum} characters`, value);
  return '';
}

function nameOf(value: unknown, field: string, complain: Complain): string {
  const name = typeof value === 'string' ? searchedName(value) : undefined;
  if (name === undefined) complain(field, searchedNameRule, value);
  return name ?? '';
}

function serialOf(value: unknown, field: string, complain: Complain): string {
  const serial = typeof value === 'string' ? parseSerial(value) : undefined;
  if (serial === undefined) complain(field, 'must be a serial number in hexadecimal', value);
  return serial ?? '';
}

function keyOf(value: unknown, field: string, complain: Complain): string {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return value;
  complain(field, 'must be the SHA-256 of a public key: 64 lower-case hexadecimal digits', value);
  return '';
}

const timePattern = /^(\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Unix milliseconds; NaN for what is no time, or of a day that its month has not, which `Date.parse` counts on into the next. */
function momentOf(text: string): number {
  const [, year, month, day] = timePattern.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined) return Number.NaN;
  return new Date(Date.UTC(year, month, 0)).getUTCDate() < day! ? Number.NaN : Date.parse(text);
}

/** Unix seconds of RFC 3339 text. NaN, with which every comparison is false, for anything else. */
function timeOf(value: unknown, field: string, complain: Complain): number {
  const time = typeof value === 'string' ? momentOf(value) : Number.NaN;
  if (Number.isNaN(time)) complain(field, 'must be a time like 2026-11-21T07:00:00Z', value ?? null);
  return Math.floor(time / 1000);
}

function descriptionOf(value: unknown, complain: Complain): string {
  if (value === undefined) return '';
  if (typeof value === 'string' && [...value].length <= longestDescription) return safeText(value);
  complain('description', `must be a text of at most ${longestDescription} characters`, value);
  return '';
}
