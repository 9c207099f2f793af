/** Everything that is measured, as of now: what was counted, and what is read from the parts when somebody looks. */
import { type GaugeReading, gauge, type MetricFamily } from '../../domain/records/metric.ts';
import type { Home } from '../../ports/home.ts';
import type { ExpiryCount, Inventory } from '../../ports/inventory.ts';
import type { ProcessMeter } from '../../ports/process-meter.ts';
import type { Alerting } from '../alerts/alerting.ts';
import type { AuthorityDirectory } from '../authorities/authority-directory.ts';
import type { ExternalDirectory } from '../authorities/external-authorities.ts';
import { externalInUse } from '../authorities/external-in-use.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { expiryBoundsDays } from '../inventory/expiry-counts.ts';
import type { CrlPublisher } from '../revoking/publish-crl.ts';
import type { Services } from '../services.ts';
import type { Measurements } from './measurements.ts';
import type { WatchedFace } from './measuring-services.ts';
import type { SigningMeter } from './meter-signing.ts';
import { processFamilies } from './process-metrics.ts';

export interface CollectMetricsDeps {
  readonly measurements: Measurements;
  readonly signing: SigningMeter;
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly external: Pick<ExternalDirectory, 'all'>;
  readonly crls: CrlPublisher;
  readonly clock: GuardedClock;
  readonly home: Home;
  readonly processMeter: ProcessMeter;
  readonly readiness: Services['readiness'];
  readonly expiryCounts: () => Promise<readonly ExpiryCount[] | undefined>;
  /** How many products are shown by name; the smaller ones are together `other`. */
  readonly metricsProducts: number;
  readonly faces: readonly WatchedFace[];
  readonly alerting: Pick<Alerting, 'families'>;
}

export const createCollectMetrics = (deps: CollectMetricsDeps) => async (): Promise<readonly MetricFamily[]> => [
  ...processFamilies(deps.processMeter.read()),
  gauge('privyseal_clock_seconds', 'The time the service believes it is, in Unix seconds', [
    { value: deps.clock.now() / 1000 },
  ]),
  ...(await readinessFamilies(deps)),
  ...faceFamilies(deps.faces),
  ...(await queueFamilies(deps)),
  ...(await authorityFamilies(deps)),
  ...(await deps.alerting.families()),
  ...deps.measurements.families(),
  ...expiryFamilies(await deps.expiryCounts(), deps.metricsProducts),
];

async function readinessFamilies({ readiness, home }: CollectMetricsDeps): Promise<MetricFamily[]> {
  const parts = await readiness();
  const readings = parts.map(({ name, ready }) => ({ labels: { part: name }, value: ready ? 1 : 0 }));
  const free = await home.freeOctets().catch(() => undefined);
  return [
    gauge('privyseal_ready', 'Whether a part of the service can do its work: 1 or 0', readings),
    gauge(
      'privyseal_disk_free_bytes',
      'What may still be written to the disk of the home',
      free === undefined ? [] : [{ value: free }],
    ),
  ];
}

function faceFamilies(faces: readonly WatchedFace[]): MetricFamily[] {
  const loads = faces.map((face) => ({ labels: { face: face.name }, ...face.load() }));
  return [
    gauge(
      'privyseal_connections',
      'Open connections of a face',
      loads.map(({ labels, connections }) => ({ labels, value: connections })),
    ),
    gauge(
      'privyseal_requests_pending',
      'Requests of a face under way',
      loads.map(({ labels, requestsUnderWay }) => ({ labels, value: requestsUnderWay })),
    ),
  ];
}

async function queueFamilies({ inventory, signing }: CollectMetricsDeps): Promise<MetricFamily[]> {
  const { pendingWrites, waitingSearches } = await inventory.load();
  const signatures = [...signing.pending()].map(([authority, value]) => ({ labels: { authority }, value }));
  return [
    gauge('privyseal_inventory_writes_pending', 'Writes accepted and not durable yet', [{ value: pendingWrites }]),
    gauge('privyseal_inventory_searches_pending', 'Searches waiting for an answer', [{ value: waitingSearches }]),
    gauge('privyseal_signer_pending', 'Signatures asked of the signer of an authority and not made yet', signatures),
  ];
}

/** Lists are read as they are served; where one cannot be had, its absence and the part `crls` say so. */
async function authorityFamilies(deps: CollectMetricsDeps): Promise<MetricFamily[]> {
  const { directory, crls, clock } = deps;
  const now = clock.now() / 1000;
  const expiries: GaugeReading[] = [];
  const ages: GaugeReading[] = [];
  const updates: GaugeReading[] = [];
  for (const { id, generation, certificate } of await directory.generations().catch(() => [])) {
    // Nothing is left to be done about one that is retired.
    if (generation.phase === 'retired') continue;
    const labels = { authority: id };
    expiries.push({ labels, value: certificate.notAfter - now });
    const crl = await crls.current(id).catch(() => undefined);
    if (!crl) continue;
    ages.push({ labels, value: now - crl.thisUpdate });
    updates.push({ labels, value: crl.nextUpdate - now });
  }
  // Without an age: nobody here replaces them in time, so that no share of their life is too old.
  for (const { external, crl } of await externalInUse(deps, Math.floor(now)).catch(() => [])) {
    if (crl) updates.push({ labels: { authority: external.name }, value: crl.nextUpdate - now });
  }
  return [
    gauge('privyseal_authority_remaining_seconds', 'Until the certificate of an authority expires', expiries),
    gauge('privyseal_crl_age_seconds', 'Since the list of an authority was made, of those made here', ages),
    gauge('privyseal_crl_remaining_seconds', 'Until clients refuse the list of an authority: its nextUpdate', updates),
  ];
}

/** `0-1`, `1-7`, ... `90+`: from so many days on, to less than so many. */
const bandNames = [0, ...expiryBoundsDays].map((from, index) => {
  const to = expiryBoundsDays[index];
  return to === undefined ? `${from}+` : `${from}-${to}`;
});

function expiryFamilies(counts: readonly ExpiryCount[] | undefined, metricsProducts: number): MetricFamily[] {
  if (!counts) return [];
  const shown = largestProducts(counts, metricsProducts);
  const certificates = new Map<string, GaugeReading & { value: number }>();
  const unfollowed = new Map<string, GaugeReading & { value: number }>();
  for (const count of counts) {
    const labels = { product: shown.has(count.owner) ? count.owner : 'other', days: bandNames[count.band] ?? '' };
    addTo(certificates, labels, count.certificates);
    addTo(unfollowed, labels, count.withoutSuccessor);
  }
  return [
    gauge('privyseal_certificates', 'Good certificates by product and days left', [...certificates.values()]),
    gauge('privyseal_certificates_without_successor', 'Those that nothing follows yet', [...unfollowed.values()]),
  ];
}

function addTo(
  readings: Map<string, GaugeReading & { value: number }>,
  labels: Readonly<Record<'product' | 'days', string>>,
  value: number,
): void {
  const key = `${labels.days} ${labels.product}`;
  const reading = readings.get(key) ?? { labels, value: 0 };
  reading.value += value;
  readings.set(key, reading);
}

/** By certificates, the names of equals in order, so that the same products are shown from scrape to scrape. */
function largestProducts(counts: readonly ExpiryCount[], metricsProducts: number): ReadonlySet<string> {
  const totals = new Map<string, number>();
  for (const { owner, certificates } of counts) totals.set(owner, (totals.get(owner) ?? 0) + certificates);
  const ranked = [...totals].sort(([nameA, a], [nameB, b]) => b - a || (nameA < nameB ? -1 : 1));
  return new Set(ranked.slice(0, metricsProducts).map(([name]) => name));
}
