/** When a certificate should be rotated: a window that spreads a fleet over time (the idea of RFC 9773 §4.2). */
import { hash } from 'node:crypto';
import type { CampaignTurn } from '../records/campaign.ts';
import type { CertificateRecord } from '../records/certificate.ts';

/**
 * `lifetime`: as its lifetime says; `campaign`: as operators ask; `revoked`: at once, with a token; `held`: not before operators have
 * decided, for a hold is to be answered by them and not by a new certificate; `superseded`: it was rotated.
 */
export type RenewalReason = 'lifetime' | 'campaign' | 'revoked' | 'held' | 'superseded';

export interface RenewalWindow {
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  readonly reason: RenewalReason;
}

export type Renewable = Pick<CertificateRecord, 'serial' | 'notBefore' | 'notAfter' | 'revocation' | 'successor'>;

/** Rotation begins when two thirds of the lifetime are over and is to be done before five sixths are. */
const [earliest, latest] = [2 / 3, 5 / 6];
/** Width of one certificate's own window, as a share of its lifetime, or of the time that a campaign has. */
const ownShare = 1 / 24;

/** Of its own lifetime, or of the running campaigns it is in, the window that ends first. */
export function renewalWindow(record: Renewable, turns: readonly CampaignTurn[] = []): RenewalWindow {
  const { revocation, successor } = record;
  if (revocation?.reason === 'certificateHold') return { ...lifetimeWindow(record), reason: 'held' };
  if (revocation) return { start: revocation.at, end: revocation.at, reason: 'revoked' };
  const own = lifetimeWindow(record);
  if (successor !== null) return { ...own, reason: 'superseded' };
  const asked = turns.filter(({ status }) => status === 'running').map(campaignWindow);
  return [own, ...asked].reduce((first, window) => (window.end < first.end ? window : first));
}

/**
 * Where in the common span the own window lies follows from the serial, which is random: certificates issued in the same
 * second rotate evenly over an eighth of their lifetime, and each always gets the same answer.
 */
function lifetimeWindow({ serial, notBefore, notAfter }: Renewable): RenewalWindow {
  const lifetime = notAfter - notBefore;
  const room = (latest - earliest - ownShare) * lifetime;
  const start = Math.floor(notBefore + earliest * lifetime + shareOf(serial) * room);
  const end = Math.floor(start + ownShare * lifetime);
  return { start, end, reason: 'lifetime' };
}

/**
 * Members are spread by their position: any run of them, also one that is still being recorded, is even over the span to
 * within a few certificates, so that the rate is held; neighbours, which are mostly of one product, are far from each other.
 */
function campaignWindow({ position, spreadFrom, rotateBy }: CampaignTurn): RenewalWindow {
  const span = Math.max(rotateBy - spreadFrom, 0);
  const own = ownShare * span;
  const share = (position * goldenRatio) % 1;
  const start = Math.floor(spreadFrom + share * (span - own));
  return { start, end: Math.floor(start + own), reason: 'campaign' };
}

/** Multiples of the golden ratio, modulo 1, are the most evenly spread sequence there is. */
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** Even over 0 to 1. The time in front of a serial's random part must not order the fleet, so that it is hashed. */
const shareOf = (serial: string): number => Number.parseInt(hash('sha256', serial, 'hex').slice(0, 8), 16) / 2 ** 32;

/**
 * Unix second from which a rotation is overdue: by then the latest window that any serial gives is over. In whole numbers,
 * for searches compute it, too.
 */
export const everyWindowEnd = ({ notBefore, notAfter }: Pick<Renewable, 'notBefore' | 'notAfter'>): number =>
  notBefore + Math.trunc(((notAfter - notBefore) * 5) / 6);
