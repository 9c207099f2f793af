/** Fills an inventory with certificates through the adapter's own writer: every act, condition, trigger and audit event as in service. */
import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import type { Act } from '../src/adapters/inventory-sqlite/acts/acts.ts';
import { openSqliteInventory } from '../src/adapters/inventory-sqlite/inventory-sqlite.ts';
import { type ActResult, openBatchWriter } from '../src/adapters/inventory-sqlite/writer/batch-writer.ts';
import type { CertificateDetails } from '../src/domain/records/certificate.ts';

export interface RowsPlan {
  readonly file: string;
  readonly migrationsDirectory: string;
  readonly certificates: number;
  readonly products: number;
  /** Each host's certificate was followed so many times less one; its names stay. */
  readonly generations?: number;
}

export interface Filling {
  readonly certificatesPerSecond: number;
  readonly rowsPerSecond: number;
  /** Of one certificate, with all that is about it: what a busy machine changes less than the time it takes. */
  readonly processorMicroseconds: number;
  /** What the housekeeping does beside issuance: names into the text index, expiries into counts. */
  readonly catchUpSeconds: number;
  readonly octetsPerCertificate: number;
}

const usualGenerations = 5;
const daySeconds = 86_400;
/** The first was issued so long ago; lifetimes are 30, 60 or 90 days, so that some are expired and some are soon to be. */
const historySeconds = 100 * daySeconds;
/** A commit each. A thousand products take turns: of a thousand rows, each would have written a page of every index for itself. */
const batch = 10_000;
/** One certificate in so many is revoked, and nothing follows it. */
const revokedEvery = 100;
/** About what a P-256 certificate with one name takes. */
const certificateDer = new Uint8Array(820);

/** The same for the same number: a run can be repeated. */
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const serialOf = (at: number, index: number): string =>
  Math.floor(at / 60_000)
    .toString(16)
    .padStart(8, '0') + digest(`serial ${index}`).slice(0, 32);

export async function fillInventory(plan: RowsPlan): Promise<Filling> {
  const given = { ...(await addProducts(plan)), now: Math.floor(Date.now() / 60_000) * 60_000 };
  const writer = openBatchWriter({ file: plan.file, busyTimeoutMs: 5_000, cacheKib: 64_000 });
  const write = (acts: readonly Act[]): void => {
    for (const result of writer.write(acts)) {
      if (!isDone(result)) throw new Error(`the inventory refused a row: ${JSON.stringify(result)}`);
    }
  };
  const startedAt = performance.now();
  const usedBefore = process.cpuUsage();
  for (let first = 0; first < plan.certificates; first += batch) {
    const indexes = Array.from({ length: Math.min(batch, plan.certificates - first) }, (_, offset) => first + offset);
    const details = indexes.map((index) => detailsOf(plan, given, index));
    write(details.map(intentAct));
    write(details.map(issuedAct));
    write(details.flatMap((each, offset) => ((first + offset) % revokedEvery === 0 ? [revocationAct(each)] : [])));
  }
  const fillSeconds = (performance.now() - startedAt) / 1_000;
  const used = process.cpuUsage(usedBefore);
  const caughtUpFrom = performance.now();
  const now = Math.floor(Date.now() / 1_000);
  while (writer.write([['catchUp', [now]]]).some((result) => 'value' in result && result.value === true));
  const catchUpSeconds = (performance.now() - caughtUpFrom) / 1_000;
  writer.close();
  const { rows, octets } = sizeOf(plan.file);
  return {
    certificatesPerSecond: plan.certificates / fillSeconds,
    rowsPerSecond: rows / fillSeconds,
    processorMicroseconds: (used.user + used.system) / plan.certificates,
    catchUpSeconds,
    octetsPerCertificate: octets / plan.certificates,
  };
}

/** Most refusals are outcomes, not failures. */
const isDone = (result: ActResult): boolean =>
  'value' in result && ['recorded', 'done', undefined].includes((result.value as { kind?: string } | undefined)?.kind);

async function addProducts({ file, migrationsDirectory, products }: RowsPlan): Promise<{ issuerSerial: string }> {
  const inventory = await openSqliteInventory({ file, migrationsDirectory });
  const authorities = await inventory.authorities();
  const now = Date.now();
  await Promise.all(
    Array.from({ length: products }, (_, index) => {
      const id = productId(index);
      const product = {
        id,
        environment: 'dev',
        version: 1,
        nameRules: [],
        profiles: ['server'],
        contacts: [],
        alerts: 'all' as const,
        createdAt: now,
      };
      return inventory.createProduct(product, {
        at: now,
        kind: 'product.created',
        actor: 'service',
        object: `product:${id}`,
      });
    }),
  );
  await inventory.close();
  return { issuerSerial: authorities.find(({ name }) => name === 'dev-issuing')!.certificateSerial! };
}

const productId = (index: number): string => `dev/product-${index}`;

/** Hosts take turns, generation after generation, over the whole history. */
function detailsOf(
  { certificates, products, generations = usualGenerations }: RowsPlan,
  { issuerSerial, now }: { issuerSerial: string; now: number },
  index: number,
): CertificateDetails {
  const hosts = Math.ceil(certificates / generations);
  const [host, product] = [index % hosts, index % products];
  const atOf = (each: number): number => now - Math.floor((1 - each / certificates) * historySeconds) * 1_000;
  const at = atOf(index);
  const name = `host-${host}.product-${product}.dev.internal`;
  const lifetimeDays = 30 * (1 + (host % 3));
  return {
    serial: serialOf(at, index),
    purpose: 'product',
    environment: 'dev',
    owner: productId(product),
    authority: 'dev-issuing',
    issuerSerial,
    profile: host % 1_000 === 0 ? 'peer' : 'server',
    profileVersion: 1,
    productVersion: 1,
    subject: `CN=${name}`,
    names: [name],
    keyType: host % 50 === 0 ? 'rsa-3072' : 'ec-p256',
    keySha256: digest(`key ${index}`),
    notBefore: Math.floor(at / 1_000) - 60,
    notAfter: Math.floor(at / 1_000) + lifetimeDays * daySeconds,
    requestedBy: `token:product-${product}`,
    requestedAt: at,
    predecessor:
      index < hosts || (index - hosts) % revokedEvery === 0 ? null : serialOf(atOf(index - hosts), index - hosts),
  };
}

const audited = (
  kind: 'certificate.requested' | 'certificate.issued' | 'certificate.revoked',
  { serial, owner, requestedBy }: CertificateDetails,
) => ({
  at: Date.now(),
  kind,
  actor: requestedBy,
  object: `certificate:${serial}`,
  details: { purpose: 'product', owner, authority: 'dev-issuing', profile: 'server' },
});

const intentAct = (certificate: CertificateDetails): Act => [
  'recordIntent',
  [{ certificate, tbsSha256: certificate.keySha256, audit: audited('certificate.requested', certificate) }],
];
const issuedAct = (certificate: CertificateDetails): Act => [
  'recordIssued',
  [
    {
      serial: certificate.serial,
      certificateDer,
      issuedAt: certificate.requestedAt + 5,
      audit: audited('certificate.issued', certificate),
    },
  ],
];
const revocationAct = (certificate: CertificateDetails): Act => [
  'revokeCertificate',
  [
    {
      serial: certificate.serial,
      revocation: { at: Math.floor(certificate.requestedAt / 1_000) + daySeconds, reason: 'superseded' },
      audit: audited('certificate.revoked', certificate),
    },
  ],
];

/** What questions are about. */
export type Sample = Pick<
  CertificateDetails,
  'serial' | 'keySha256' | 'issuerSerial' | 'owner' | 'requestedBy' | 'requestedAt'
> & {
  /** The first one. */
  readonly name: string;
};

/** Some thousand certificates, spread over all. */
export function readSamples(file: string): Sample[] {
  const database = new Database(file, { readonly: true });
  const samples = database
    .prepare<[], Sample>(
      `SELECT lower(hex(serial)) AS serial, lower(hex(key_sha256)) AS keySha256, lower(hex(issuer_serial)) AS issuerSerial,
         owner, requested_by AS requestedBy, requested_at AS requestedAt, names AS name
       FROM certificates WHERE purpose = 'product' AND id % 997 = 0`,
    )
    .all();
  database.close();
  return samples;
}

/** Rows of the tables that issuing writes, and the size of the file. */
function sizeOf(file: string): { rows: number; octets: number } {
  const database = new Database(file, { readonly: true });
  const count = (table: string): number => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
  const tables = ['certificates', 'certificate_bodies', 'labels', 'label_names', 'audit_events'];
  const rows = tables.reduce((sum, table) => sum + count(table), 0);
  const octets =
    (database.pragma('page_count', { simple: true }) as number) *
    (database.pragma('page_size', { simple: true }) as number);
  database.close();
  return { rows, octets };
}
