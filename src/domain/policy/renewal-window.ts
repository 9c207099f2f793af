/** When a certificate should be rotated: a window that spreads a fleet over time (the idea of RFC 9773 §4.2). */
import { hash } from 'node:crypto';
import type { CertificateRecord } from '../records/certificate.ts';

/** `revoked` and `superseded`: there is nothing to wait for; `lifetime`: as its lifetime says; `campaign`: as operators ask. */
export type RenewalReason = 'lifetime' | 'campaign' | 'revoked' | 'superseded';

export interface RenewalWindow {
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  readonly reason: RenewalReason;
}

export type Renewable = Pick<CertificateRecord, 'serial' | 'notBefore' | 'notAfter' | 'revocation' | 'successor'>;

/** Rotation begins when two thirds of the lifetime are over and is to be done before five sixths are. */
const [earliest, latest] = [2 / 3, 5 / 6];
/** Width of one certificate's own window, as a share of its lifetime. */
const ownShare = 1 / 24;

/**
 * Where in the common span the own window lies follows from the serial, which is random: certificates issued in the same
 * second rotate evenly over an eighth of their lifetime, and each always gets the same answer.
 */
export function renewalWindow({ serial, notBefore, notAfter, revocation, successor }: Renewable): RenewalWindow {
  if (revocation) return { start: revocation.at, end: revocation.at, reason: 'revoked' };
  const lifetime = notAfter - notBefore;
  const room = (latest - earliest - ownShare) * lifetime;
  const start = Math.floor(notBefore + earliest * lifetime + shareOf(serial) * room);
  const end = Math.floor(start + ownShare * lifetime);
  return { start, end, reason: successor === null ? 'lifetime' : 'superseded' };
}

/** Even over 0 to 1. The time in front of a serial's random part must not order the fleet, so that it is hashed. */
const shareOf = (serial: string): number => hash('sha256', serial, 'buffer').readUInt32BE(0) / 2 ** 32;

/**
 * Unix second from which a rotation is overdue: by then the latest window that any serial gives is over. In whole numbers,
 * for searches compute it, too.
 */
export const everyWindowEnd = ({ notBefore, notAfter }: Pick<Renewable, 'notBefore' | 'notAfter'>): number =>
  notBefore + Math.trunc(((notAfter - notBefore) * 5) / 6);
