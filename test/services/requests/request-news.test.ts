/** Who waits for news of a request: everybody is woken, nobody twice, and never more than may wait. */
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createRequestNews, type RequestWatch } from '../../../src/services/requests/request-news.ts';

const ids = ['a', 'b', 'c'];

type Act = { readonly do: 'watch' | 'announce'; readonly id: string } | { readonly do: 'end'; readonly index: number };

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('watch' as const), id: fc.constantFrom(...ids) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), index: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('announce' as const), id: fc.constantFrom(...ids) }) },
);

it('lets eight wait for a request, and another whenever one of them has ended', () => {
  fc.assert(
    fc.property(fc.array(anyAct, { minLength: 10, maxLength: 60 }), (acts) => {
      const news = createRequestNews();
      const waiting = new Map(ids.map((id): [string, RequestWatch[]] => [id, []]));
      for (const act of acts) {
        if (act.do === 'announce') news.announce(act.id);
        if (act.do === 'end') {
          const all = [...waiting.values()].flat();
          const ended = all[act.index % (all.length || 1)];
          // Ended twice is ended once.
          ended?.end();
          ended?.end();
          for (const [id, watches] of waiting)
            waiting.set(
              id,
              watches.filter((watch) => watch !== ended),
            );
        }
        if (act.do === 'watch') {
          const watch = news.watch(act.id, 'token:t1');
          const watches = waiting.get(act.id)!;
          expect(watch !== undefined).toBe(watches.length < 8);
          if (watch) watches.push(watch);
        }
      }
      news.stop();
    }),
  );
});

it('lets 1024 wait in all', () => {
  const news = createRequestNews();
  const watches = Array.from({ length: 1024 }, (_, index) => news.watch(`request-${index % 128}`, 'token:t1'));
  expect(watches.every((watch) => watch !== undefined)).toBe(true);
  expect(news.watch('another', 'token:t1')).toBeUndefined();
  watches[0]!.end();
  watches[0]!.end();
  expect(news.watch('another', 'token:t1')).toBeDefined();
  expect(news.watch('another', 'token:t1')).toBeUndefined();
});

it('is told to everybody who waits for the request, once for all that came since it was asked', async () => {
  const news = createRequestNews();
  const [first, second, other] = [
    news.watch('a', 'token:t1')!,
    news.watch('a', 'token:t1')!,
    news.watch('b', 'token:t1')!,
  ];
  const waiting = first.changed();
  news.announce('a');
  news.announce('a');
  expect([await waiting, await second.changed()]).toEqual([true, true]);
  for (const watch of [first, second, other]) {
    const next = watch.changed();
    watch.end();
    expect(await next).toBe(false);
  }
});

it('of a lost credential is told to who showed it, whatever they wait for', async () => {
  const news = createRequestNews();
  const watches = [news.watch('a', 'token:t1')!, news.watch('b', 'token:t1')!, news.watch('a', 'token:t2')!];
  news.announceLoss('token:t1');
  for (const watch of watches) watch.end();
  expect(await Promise.all(watches.map((watch) => watch.changed()))).toEqual([true, true, false]);
});

it('is lost by nobody who was told before the wait ended', async () => {
  const news = createRequestNews();
  const watch = news.watch('a', 'token:t1')!;
  news.announce('a');
  watch.end();
  expect([await watch.changed(), await watch.changed()]).toEqual([true, false]);
});

it('is waited for by nobody after a stop', async () => {
  const news = createRequestNews();
  const waiting = news.watch('a', 'token:t1')!.changed();
  news.stop();
  expect(await waiting).toBe(false);
  expect(news.watch('a', 'token:t1')).toBeUndefined();
});

it('ends by itself when its time is up, and leaves no timer behind when it ended before', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const news = createRequestNews();
  const [first, second] = [news.watch('a', 'token:t1')!, news.watch('a', 'token:t1')!];
  first.endAfter(1000);
  second.endAfter(3000);
  const waiting = first.changed();
  vi.advanceTimersByTime(1000);
  expect(await waiting).toBe(false);
  news.stop();
  expect(vi.getTimerCount()).toBe(0);
});
