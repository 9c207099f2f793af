/** Predecessors whose overlap is over: nothing by a clock that is not believed, and nothing is lost when the inventory fails. */
import { expect, it } from 'vitest';
import { createRevocationNews } from '../../../src/services/revoking/revocation-news.ts';
import { createSuperseding, type SupersedeDeps } from '../../../src/services/rotating/supersede-predecessors.ts';
import { makeRecord } from '../../support/services-double.ts';

function opened(due: readonly string[]) {
  const state = { problem: undefined as string | undefined, failure: undefined as Error | undefined, asked: 0 };
  const [announced, logged]: [string[], string[]] = [[], []];
  const news = createRevocationNews();
  news.onChange(({ serial, revoked }) => void (revoked && announced.push(serial)));
  const log = (_what: object, message: string) => void logged.push(message);
  const deps = {
    inventory: {
      dueSupersessions: async (now: number, limit: number) => {
        state.asked += 1;
        expect([now, limit]).toEqual([1_800_000_000, 100]);
        return state.failure ? Promise.reject(state.failure) : due;
      },
      // Undefined: it, or its successor, was revoked meanwhile.
      supersedeCertificate: async ({ serial }: { serial: string }) =>
        serial === 'gone' ? undefined : makeRecord({ serial }),
    },
    clock: { now: () => 1_800_000_000_999, problem: () => state.problem },
    ...{ news, log: { error: log, warn: log, info: log } },
  };
  return { step: createSuperseding(deps as unknown as SupersedeDeps), state, announced, logged };
}

it('are revoked, announced and counted, but for those that were revoked meanwhile', async () => {
  const { step, announced, logged } = opened(['01', 'gone', '02']);
  expect([await step(), announced, logged.length]).toEqual([2, ['01', '02'], 1]);
});

it('stay while the clock is not believed, which would cut their overlap short', async () => {
  const { step, state, announced } = opened(['01']);
  state.problem = 'the clock jumped';
  expect([await step(), state.asked, announced]).toEqual([0, 0, []]);
  state.problem = undefined;
  expect([await step(), announced]).toEqual([1, ['01']]);
});

it('are tried again when the inventory failed, which is logged', async () => {
  const { step, state, logged } = opened(['01']);
  state.failure = new Error('the disk is gone');
  expect([await step(), logged.length]).toEqual([0, 1]);
  state.failure = undefined;
  expect(await step()).toBe(1);
});
