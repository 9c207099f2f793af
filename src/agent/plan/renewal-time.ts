/**
 * When a certificate is rotated: at a time that is drawn once from the window that the service suggests. While the service is
 * silent, the window comes from the lifetime of the certificate.
 */
import type { RenewalInfoJson } from '../../api/certificate.ts';
import { renewalWindow } from '../../domain/policy/renewal-window.ts';
import type { RenewalTime } from '../../domain/rotation/target-status.ts';

const text = (ms: number): string => new Date(ms).toISOString();

/** The time drawn before stays for as long as its window does: asking again must not put a rotation off. */
export function renewalTime(
  { serial, suggestedWindow, reason }: RenewalInfoJson,
  known: RenewalTime | null,
  random: () => number,
): RenewalTime {
  const [start, end] = [Date.parse(suggestedWindow.start), Date.parse(suggestedWindow.end)];
  const isKnown = known?.serial === serial && Date.parse(known.start) === start && Date.parse(known.end) === end;
  if (isKnown) return { ...known, reason };
  const at = start + random() * Math.max(0, end - start);
  return { serial, start: text(start), end: text(end), at: text(at), reason };
}

type Life = Pick<RenewalInfoJson, 'serial'> & { readonly notBefore: string; readonly notAfter: string };

/** RFC 9773 §4.2: a window that ends before it begins is none; nor is another certificate's, or one after the end of this one. */
export function isPossible({ serial, suggestedWindow, reason }: RenewalInfoJson, life: Life): boolean {
  const [start, end] = [Date.parse(suggestedWindow.start), Date.parse(suggestedWindow.end)];
  return serial === life.serial && start <= end && (reason === 'revoked' || start < Date.parse(life.notAfter));
}

/** The very window that a service would suggest for a certificate that is neither revoked nor rotated. */
export function ownRenewalTime({ serial, notBefore, notAfter }: Life, random: () => number): RenewalTime {
  const [from, to] = [Date.parse(notBefore) / 1000, Date.parse(notAfter) / 1000];
  const window = renewalWindow({ serial, notBefore: from, notAfter: to, revocation: null, successor: null });
  const suggestedWindow = { start: text(window.start * 1000), end: text(window.end * 1000) };
  return renewalTime({ serial, suggestedWindow, reason: window.reason }, null, random);
}

/** Of polls: what the file says of how soon to hear of things bounds what the service may ask for. */
const mostPolls = 12;

/** However long Retry-After says (RFC 9773 §4.3.2): a short life has its news sooner. */
export function longestSilenceMs(
  { notBefore, notAfter }: { readonly notBefore: string; readonly notAfter: string },
  pollMs: number,
): number {
  return Math.min(mostPolls * pollMs, (Date.parse(notAfter) - Date.parse(notBefore)) / 20);
}

/** A time further away than any is of another clock, and means nothing. */
export function isTooSoon(known: RenewalTime | null, now: number, longestMs: number): boolean {
  const left = Date.parse(known?.askAgainAt ?? '') - now;
  return left > 0 && left <= longestMs;
}
