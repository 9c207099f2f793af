/** A strict reader of Prometheus' text format 0.0.4 and of OpenMetrics 1.0: whatever bends a rule is an error. */

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type Mutable = ParsedFamily & { readonly samples: ParsedSample[]; readonly help: string };

const metricName = '[a-z_][a-z0-9_]*';
const label = '([a-z_]+)="((?:[^"\\\\\\n]|\\\\\\\\|\\\\"|\\\\n)*)"';
const sampleLine = new RegExp(`^(${metricName})(?:\\{(${label}(?:,${label})*)\\})? (\\S+)$`);
const number = /^(?:-?\d+(?:\.\d+)?(?:e[+-]\d+)?|\+Inf)$/;

/** Throws with the line that is wrong. */
export function parseMetrics(text: string, format: 'prometheus' | 'openMetrics'): ParsedFamily[] {
  const open = format === 'openMetrics';
  if (!text.endsWith(open ? '\n# EOF\n' : '\n')) throw new Error('the text does not end as it must');
  const lines = text
    .slice(0, open ? -'# EOF\n'.length : undefined)
    .split('\n')
    .slice(0, -1);
  const families: Mutable[] = [];
  for (const line of lines) readLine(line, families, open);
  for (const family of families) checkFamily(family, open);
  const names = families.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw new Error('a family comes twice');
  return families;
}

function readLine(line: string, families: Mutable[], open: boolean): void {
  const current = families.at(-1);
  const fail = (): never => {
    throw new Error(`not a line of metrics: ${line}`);
  };
  const [, comment, name = '', rest = ''] = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line) ?? [];
  if (comment === 'HELP') families.push({ name, help: rest, type: '', samples: [] });
  else if (comment === 'TYPE') {
    if (current?.name !== name || current.type !== '' || !/^(counter|gauge|histogram)$/.test(rest)) fail();
    families[families.length - 1] = { ...current!, type: rest };
  } else if (comment === 'UNIT') {
    if (!open || current?.name !== name || !name.endsWith(`_${rest}`)) fail();
  } else {
    const [, sample = '', labels = ''] = sampleLine.exec(line) ?? fail();
    const value = line.slice(line.lastIndexOf(' ') + 1);
    if (!number.test(value)) fail();
    current?.samples.push({ name: sample, labels: readLabels(labels), value: toNumber(value) }) ?? fail();
  }
}

function readLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(new RegExp(label, 'g'))].map(([, name = '', value = '']) => [
    name,
    value.replace(/\\(.)/g, (_match, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
  ]);
  if (new Set(pairs.map(([name]) => name)).size !== pairs.length) throw new Error(`a label comes twice: ${text}`);
  return Object.fromEntries(pairs);
}

const toNumber = (text: string): number => (text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text));

function checkFamily(family: ParsedFamily, open: boolean): void {
  const { name, type, samples } = family;
  if (samples.length === 0) throw new Error(`${name} has no samples`);
  const counted = type === 'counter' ? (open ? `${name}_total` : name) : name;
  const allowed = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [counted];
  if (type === 'counter' && !counted.endsWith('_total')) throw new Error(`${name} is a counter without _total`);
  const wrong = samples.find((sample) => !allowed.includes(sample.name));
  if (wrong) throw new Error(`${wrong.name} does not belong to ${name}`);
  const series = samples.map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).sort()]));
  if (new Set(series).size !== series.length) throw new Error(`a series of ${name} comes twice`);
  const negative = type !== 'gauge' && samples.some(({ value }) => value < 0);
  if (negative) throw new Error(`${name} is below zero`);
  if (type === 'histogram') checkHistogram(family);
}

function checkHistogram({ name, samples }: ParsedFamily): void {
  const withoutBound = ({ le: _, ...labels }: ParsedSample['labels']) => JSON.stringify(Object.entries(labels).sort());
  for (const [labels, ofSeries] of Map.groupBy(samples, (sample) => withoutBound(sample.labels))) {
    const buckets = ofSeries.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map((bucket) => toNumber(bucket.labels.le ?? ''));
    const counts = buckets.map(({ value }) => value);
    const total = ofSeries.find((sample) => sample.name === `${name}_count`)?.value;
    const rising = (values: readonly number[]) =>
      values.every((value, index) => index === 0 || value >= values[index - 1]!);
    const whole =
      rising(bounds) && rising(counts) && bounds.at(-1) === Number.POSITIVE_INFINITY && counts.at(-1) === total;
    const summed = ofSeries.filter((sample) => sample.name === `${name}_sum`).length === 1;
    if (!whole || !summed) throw new Error(`${name}${labels} is no histogram`);
  }
}

/** The value of the one sample with this name and at least these labels. */
export function sampleValue(
  families: readonly ParsedFamily[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const fits = (sample: ParsedSample): boolean =>
    sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
  return families.flatMap(({ samples }) => samples).find(fits)?.value;
}
