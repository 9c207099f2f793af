/** Times as RFC 3339 text in UTC. Every certificate has five of them, so the days are kept as text. */

const days = new Map<number, string>();
const maxDays = 1000;
const secondsPerDay = 86_400;
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/** Unix seconds, without a fraction that certificates do not have. */
export function rfc3339(seconds: number): string {
  const day = Math.floor(seconds / secondsPerDay);
  const second = seconds - day * secondsPerDay;
  const hour = twoDigits[Math.floor(second / 3600)];
  const minute = twoDigits[Math.floor(second / 60) % 60];
  return `${dayText(day)}T${hour}:${minute}:${twoDigits[second % 60]}Z`;
}

/** Unix milliseconds, with their fraction. */
export function rfc3339Ms(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = String(milliseconds - seconds * 1000).padStart(3, '0');
  return `${rfc3339(seconds).slice(0, -1)}.${fraction}Z`;
}

function dayText(day: number): string {
  const known = days.get(day);
  if (known !== undefined) return known;
  if (days.size >= maxDays) days.clear();
  const text = new Date(day * secondsPerDay * 1000).toISOString().split('T')[0]!;
  days.set(day, text);
  return text;
}
