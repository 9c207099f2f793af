/** Metrics as text: OpenMetrics 1.0, and Prometheus' text format 0.0.4, which differ in little. */
import type { MetricFamily, MetricSample } from '../../../domain/records/metric.ts';

export const prometheusMediaType = 'text/plain; version=0.0.4; charset=utf-8';
export const openMetricsMediaType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

export type MetricsMediaType = typeof prometheusMediaType | typeof openMetricsMediaType;

/** A family without samples is not there: OpenMetrics would allow it, but nobody could tell it from one that is broken. */
export function metricsText(families: readonly MetricFamily[], mediaType: MetricsMediaType): string {
  const open = mediaType === openMetricsMediaType;
  const texts = families.filter(({ samples }) => samples.length > 0).map((family) => familyText(family, open));
  return `${texts.join('')}${open ? '# EOF\n' : ''}`;
}

/** OpenMetrics names the family of a counter without `_total`; the older format knows only names of samples. */
function familyText({ name, help, type, samples }: MetricFamily, open: boolean): string {
  const described = type === 'counter' && !open ? `${name}_total` : name;
  const unit = open ? unitLine(name) : '';
  const head = `# HELP ${described} ${escapeHelp(help, open)}\n# TYPE ${described} ${type}\n${unit}`;
  return head + samples.map((sample) => sampleLine(name, sample)).join('');
}

/** OpenMetrics: a unit is the end of the name. */
function unitLine(name: string): string {
  const unit = ['seconds', 'bytes'].find((candidate) => name.endsWith(`_${candidate}`));
  return unit === undefined ? '' : `# UNIT ${name} ${unit}\n`;
}

function sampleLine(name: string, { suffix, labels, value }: MetricSample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  const set = pairs.length > 0 ? `{${pairs.join(',')}}` : '';
  return `${name}${suffix}${set} ${value}\n`;
}

/** Every label is made of our own names, but what it is made of may change. */
const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const escapeHelp = (text: string, open: boolean): string => {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return open ? escaped.replaceAll('"', '\\"') : escaped;
};
