/** What the service measures of itself, as plain values: families of samples, as Prometheus and OpenMetrics know them. */

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** Part of a family: a histogram has `_bucket`, `_sum` and `_count`, a counter `_total`, a gauge the bare name. */
export type SampleSuffix = '' | '_total' | '_bucket' | '_sum' | '_count';

export interface MetricSample {
  readonly suffix: SampleSuffix;
  /** Names match `[a-z_]+`; values are any text. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  /** Without the suffix; ends with its unit where it has one: `_seconds`, `_bytes`. */
  readonly name: string;
  /** One line, for people. */
  readonly help: string;
  readonly type: MetricType;
  readonly samples: readonly MetricSample[];
}

/** One value of a gauge. */
export interface GaugeReading {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export const gauge = (name: string, help: string, readings: readonly GaugeReading[]): MetricFamily => ({
  name,
  help,
  type: 'gauge',
  samples: readings.map(({ labels = {}, value }) => ({ suffix: '', labels, value })),
});
