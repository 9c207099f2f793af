/** Counters and histograms in memory: what is counted while the service runs. Bounded, and cheap enough for each request. */
import type { MetricFamily, MetricSample } from '../../domain/records/metric.ts';

interface InstrumentOptions {
  /** Without `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export interface Counter {
  /** `values` in the order of the labels; by one, or by `by`, which may be 0 to show a series before its first event. */
  add(values: readonly string[], by?: number): void;
  family(): MetricFamily;
}

export interface Histogram {
  observe(values: readonly string[], seconds: number): void;
  family(): MetricFamily;
}

/** More label values than this are counted together as `other`: what a scrape costs must not depend on who calls. */
const maximumSeries = 1000;

interface Series<T> {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: T;
}

/** A place in the tree of label values: one step a label, so that no key is put together for each event. */
interface Place<T> {
  readonly next: Map<string, Place<T>>;
  state: T | undefined;
}

const newPlace = <T>(): Place<T> => ({ next: new Map(), state: undefined });

/** Finds the series of some label values, made by `start` at their first event. */
function seriesBy<T>(labels: readonly string[], start: () => T) {
  const root = newPlace<T>();
  const kept: Series<T>[] = [];
  const others = labels.map(() => 'other');

  const make = (values: readonly string[]): T => {
    if (kept.length >= maximumSeries && values !== others) return find(others);
    let place = root;
    for (const value of values) {
      const next = place.next.get(value) ?? newPlace<T>();
      place.next.set(value, next);
      place = next;
    }
    place.state = start();
    kept.push({
      labels: Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ''])),
      state: place.state,
    });
    return place.state;
  };

  const find = (values: readonly string[]): T => {
    let place: Place<T> | undefined = root;
    for (const value of values) place = place?.next.get(value);
    return place?.state ?? make(values);
  };

  return { find, all: (): readonly Series<T>[] => kept };
}

export function createCounter({ labels, ...described }: InstrumentOptions): Counter {
  const series = seriesBy(labels, () => ({ count: 0 }));
  return {
    add(values, by = 1) {
      series.find(values).count += by;
    },
    family: () => ({
      ...described,
      type: 'counter',
      samples: series.all().map(({ labels, state }) => ({ suffix: '_total', labels, value: state.count })),
    }),
  };
}

interface Distribution {
  /** One for each bound, and one for what is above all of them; not yet cumulative. */
  readonly counts: number[];
  sum: number;
}

/** `bounds` in seconds, ascending; a value equal to a bound belongs to its bucket. */
export function createHistogram({ labels, ...described }: InstrumentOptions, bounds: readonly number[]): Histogram {
  const series = seriesBy<Distribution>(labels, () => ({ counts: Array(bounds.length + 1).fill(0), sum: 0 }));
  return {
    observe(values, seconds) {
      const distribution = series.find(values);
      let index = 0;
      while (index < bounds.length && seconds > bounds[index]!) index++;
      distribution.counts[index]! += 1;
      distribution.sum += seconds;
    },
    family: () => ({
      ...described,
      type: 'histogram',
      samples: series.all().flatMap(({ labels, state }) => distributionSamples(labels, bounds, state)),
    }),
  };
}

/** OpenMetrics writes whole bounds as `1.0`, and everybody reads that. */
const boundText = (bound: number | undefined): string =>
  bound === undefined ? '+Inf' : Number.isInteger(bound) ? bound.toFixed(1) : String(bound);

function distributionSamples(
  labels: MetricSample['labels'],
  bounds: readonly number[],
  { counts, sum }: Distribution,
): MetricSample[] {
  const samples: MetricSample[] = [];
  let total = 0;
  for (const [index, count] of counts.entries()) {
    total += count;
    const le = boundText(bounds[index]);
    samples.push({ suffix: '_bucket', labels: { ...labels, le }, value: total });
  }
  samples.push({ suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: total });
  return samples;
}
