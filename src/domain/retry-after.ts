/** How long an answer asks to wait: its field Retry-After (RFC 9110 §10.2.3), as seconds or as a date. */

/** Seconds from when the answer was made; a date counts from the answer's own `date`, so that no two clocks need to agree. */
export function retryAfterSeconds(retryAfter: unknown, date: unknown): number | undefined {
  if (typeof retryAfter !== 'string') return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter);
  const waitMs = timeOf(retryAfter) - timeOf(date);
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs / 1000);
}

/** IMF-fixdate, the one form that may be sent (RFC 9110 §5.6.7). */
const fixDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

const timeOf = (text: unknown): number =>
  typeof text === 'string' && fixDate.test(text) ? Date.parse(text) : Number.NaN;
