/** Alerts: conditions that somebody should know of, each open once until it has cleared. */

export const alertKinds = [
  'certificatesExpiring',
  'rotationOverdue',
  'deploymentFailed',
  'campaignOverdue',
  'crlStale',
  'importedCrlEnding',
  'importedCrlMissing',
] as const;
export type AlertKind = (typeof alertKinds)[number];

export type AlertSeverity = 'warning' | 'critical';

/** Something that holds now, and that somebody should know of. */
export interface AlertCondition {
  readonly kind: AlertKind;
  /** A product id; of those about lists the name of an authority, of `campaignOverdue` the id of a campaign. */
  readonly subject: string;
  /** The threshold of `certificatesExpiring` and `importedCrlEnding`, of the latter 0 when it is over; null for all others. */
  readonly withinDays: number | null;
  /** How many certificates it is about; null for those about lists. */
  readonly count: number | null;
}

export interface Alert extends AlertCondition {
  readonly id: string;
  /** Unix milliseconds. */
  readonly openedAt: number;
}

/** The same for the same condition, whenever it is met. */
export const alertId = ({ kind, subject, withinDays }: Omit<AlertCondition, 'count'>): string =>
  [kind, subject, ...(withinDays === null ? [] : [withinDays])].join(':');

/** Critical is what fails for clients within a day. */
export function alertSeverity({ kind, withinDays }: AlertCondition): AlertSeverity {
  if (kind === 'crlStale') return 'critical';
  const ends = kind === 'certificatesExpiring' || kind === 'importedCrlEnding';
  return ends && withinDays !== null && withinDays <= 1 ? 'critical' : 'warning';
}

const summaries: Readonly<Record<AlertKind, (condition: AlertCondition) => string>> = {
  certificatesExpiring: ({ subject, withinDays, count }) =>
    `${certificates(count)} of ${subject} ${count === 1 ? 'ends' : 'end'} within ${days(withinDays)} and should have been rotated.`,
  rotationOverdue: ({ subject, count }) => `${certificates(count)} of ${subject} should have been rotated by now.`,
  deploymentFailed: ({ subject, count }) =>
    `${certificates(count)} of ${subject} ${count === 1 ? 'is' : 'are'} not served where targets tried.`,
  campaignOverdue: ({ subject, count }) =>
    `The time of campaign ${subject} is over, and ${certificates(count)} ${count === 1 ? 'was' : 'were'} not rotated.`,
  crlStale: ({ subject }) => `The CRL of ${subject} is past half of its life and was not replaced.`,
  importedCrlEnding: ({ subject, withinDays }) =>
    withinDays === 0
      ? `The imported CRL of ${subject} is over: clients refuse what is below it. Import the newest one.`
      : `The imported CRL of ${subject} ends within ${days(withinDays)}: import the next one.`,
  importedCrlMissing: ({ subject }) =>
    `No CRL of ${subject} was imported: who checks revocation refuses what is below it. Import its newest one.`,
};

/** A sentence for people. */
export const alertSummary = (condition: AlertCondition): string => summaries[condition.kind](condition);

const certificates = (count: number | null): string => `${count} ${count === 1 ? 'certificate' : 'certificates'}`;

const days = (count: number | null): string => (count === 1 ? 'a day' : `${count} days`);
