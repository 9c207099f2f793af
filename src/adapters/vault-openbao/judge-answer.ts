/** Reads a refusal of OpenBao: which trouble a status and its text are, as measured on OpenBao 2.7 and HashiCorp Vault 1.21. */
import type { BaoAnswer } from './bao-calls.ts';
import { BaoError, type Trouble } from './bao-trouble.ts';

/** What was asked: the same status means another thing at a login. */
export type Purpose = 'login' | 'key' | 'sign';

const isGood = (status: number): boolean => status >= 200 && status < 300;

/** The answer's document; BaoError for every answer that is not a success in JSON. */
export function accept(answer: BaoAnswer, purpose: Purpose): BaoAnswer['json'] {
  if (isGood(answer.status) && !answer.foreign) return answer.json;
  throw new BaoError(troubleOf(answer, purpose), `status ${answer.status}`, {
    retryAfterSeconds: answer.retryAfterSeconds,
  });
}

function troubleOf(answer: BaoAnswer, purpose: Purpose): Trouble {
  const { status, foreign } = answer;
  // 3xx: never followed, for the token would go along. A page that is not JSON is not OpenBao's, unless a proxy has lost it.
  if (status < 400) return 'misconfigured';
  if (status === 429) return 'busy';
  // Of `sys/health`: not initialised, or a replica that only waits.
  if (status === 472 || status === 473) return 'unavailable';
  if (status === 503) return /sealed/i.test(textOf(answer)) || answer.json.sealed === true ? 'sealed' : 'unavailable';
  if (status === 412 || status === 501 || status === 502 || status === 504) return 'unavailable';
  if (foreign) return 'misconfigured';
  if (status === 500) return serverTrouble(textOf(answer), purpose);
  // A wrong secret, role or certificate is 400; a Kubernetes account that is not bound, and a path without auth method, 403.
  if (purpose === 'login') return status === 400 || status === 403 ? 'credentialsRejected' : 'misconfigured';
  if (status === 403) return 'denied';
  if (status === 404) return isPlainMiss(answer) ? 'keyMissing' : 'misconfigured';
  return /signing key not found|key not found/i.test(textOf(answer)) ? 'keyMissing' : 'badRequest';
}

/** Mistakes of callers come as 500, too; these are the ones that trying again does not mend. */
const versions = /no such key version|higher than the latest|less than the minimum/i;
const mistakes = /unsupported|must be hashed|invalid|unknown|unable to decode|exporting is disallowed|not exportable/i;

function serverTrouble(text: string, purpose: Purpose): Trouble {
  if (purpose === 'login') return 'unavailable';
  if (versions.test(text)) return 'versionGone';
  return mistakes.test(text) ? 'badRequest' : 'unavailable';
}

/** A key that is not there is 404 without a word; a mount or namespace that is not there comes with one. */
const isPlainMiss = (answer: BaoAnswer): boolean => textOf(answer) === '';

/** Only ever matched, never shown. */
function textOf({ json }: BaoAnswer): string {
  return Array.isArray(json.errors) ? json.errors.join('\n') : '';
}
