/** Keeps acts on authorities apart: each looks first and writes afterwards, and must not find another in between. */
import { CaError } from '../../domain/errors.ts';

export interface AuthorityTurns {
  /** CaError `conflict` while another act on this authority, or a compromise of any, is under way. */
  alone<T>(authority: string, act: () => Promise<T>): Promise<T>;
  /** Waits for what is under way, and goes before whatever comes then: for what reaches authorities below, and is never refused. */
  aboveAll<T>(act: () => Promise<T>): Promise<T>;
}

export function createAuthorityTurns(): AuthorityTurns {
  const underWay = new Map<string, Promise<unknown>>();
  let urgent: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  return {
    async alone(authority, act) {
      if (waiting > 0)
        throw new CaError('conflict', 'A compromise is being declared. Look at what it changed, then ask again.');
      if (underWay.has(authority)) throw new CaError('conflict', `Another step of ${authority} is being taken.`);
      const acting = act();
      underWay.set(authority, acting);
      try {
        return await acting;
      } finally {
        underWay.delete(authority);
      }
    },
    async aboveAll(act) {
      waiting += 1;
      const before = [urgent, ...underWay.values()];
      const acting = Promise.allSettled(before).then(act);
      urgent = acting.catch(() => undefined);
      try {
        return await acting;
      } finally {
        waiting -= 1;
      }
    },
  };
}
