/** OCSP answers that are given again until they are old or what they are about changes, in bounded memory. */
import type { OcspAnswer } from '../services.ts';

export interface KeptAnswers {
  /** What was kept under this key, unless it is old; `now` in Unix seconds. */
  find(key: string, now: number): OcspAnswer | undefined;
  /** `until` in Unix seconds. */
  keep(key: string, about: { readonly serial: string; readonly until: number }, answer: OcspAnswer): void;
  /** Whatever was asked about this serial, under all of its keys. */
  forget(serial: string): void;
  readonly size: number;
}

const mostKept = 10_000;

/** At the limit all are forgotten; each is made again when somebody asks for it. */
export function keepAnswers(most = mostKept): KeptAnswers {
  const answers = new Map<string, { readonly answer: OcspAnswer; readonly until: number }>();
  const keysOfSerial = new Map<string, Set<string>>();
  return {
    find(key, now) {
      const kept = answers.get(key);
      return kept && now < kept.until ? kept.answer : undefined;
    },
    keep(key, { serial, until }, answer) {
      if (answers.size >= most) {
        answers.clear();
        keysOfSerial.clear();
      }
      answers.set(key, { answer, until });
      const keys = keysOfSerial.get(serial) ?? new Set();
      keysOfSerial.set(serial, keys.add(key));
    },
    forget(serial) {
      for (const key of keysOfSerial.get(serial) ?? []) answers.delete(key);
      keysOfSerial.delete(serial);
    },
    get size() {
      return answers.size;
    },
  };
}
