/** Products: made, changed into new versions, and removed once nothing of theirs is good any more. */
import { CaError, type Reason } from '../../domain/errors.ts';
import { productChanges } from '../../domain/policy/describe-changes.ts';
import { parseProduct } from '../../domain/policy/parse-product.ts';
import { takeFields } from '../../domain/policy/raw-fields.ts';
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { Product, ProductVersion } from '../../domain/records/environment.ts';
import { collectReasons } from '../../domain/refusal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { actorOf, type Caller } from '../caller.ts';
import { namePage } from '../inventory/name-pages.ts';
import { refuseUnknown } from '../inventory/unknown-filters.ts';
import { acceptedOr, namedEnvironment, takeVersion } from '../judge-body.ts';
import { noSuch } from '../no-such.ts';
import type { RequestNews } from '../requests/request-news.ts';
import type { RegistryServices } from './registry-services.ts';

export interface ProductDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  /** Called after a product was changed or removed. */
  readonly forgetProduct: (id: string) => void;
  /** Called after a token was removed with its product. */
  readonly tokenRemoved: (id: string) => void;
  readonly requestNews: Pick<RequestNews, 'announce'>;
}

type ProductServices = Pick<
  RegistryServices,
  'createProduct' | 'changeProduct' | 'removeProduct' | 'readProduct' | 'listProducts'
>;

export const createProductServices = (deps: ProductDeps): ProductServices => ({
  createProduct: (caller, raw) => createProduct(deps, caller, raw),
  changeProduct: (caller, id, raw) => changeProduct(deps, caller, id, raw),
  removeProduct: (caller, id) => removeProduct(deps, caller, id),
  async readProduct(id, version) {
    const product = await deps.inventory.productVersion(id, version);
    if (!product) throw noSuch('product', id, version);
    return product;
  },
  async listProducts({ environment, ...page }) {
    const where = environment === undefined ? {} : { environment };
    await refuseUnknown(deps.inventory, { environment });
    return namePage(page, idOf, (query) => deps.inventory.products({ ...query, ...where }));
  },
});

const idOf = ({ id }: Product): string => id;

async function createProduct(deps: ProductDeps, caller: Caller, raw: unknown): Promise<ProductVersion> {
  const { taken, rest } = takeFields(raw, ['environment']);
  const reasons: Reason[] = [];
  const environment = await namedEnvironment(deps.inventory, taken.environment, reasons);
  const context = {
    environment: environment?.name ?? '',
    version: 1,
    createdAt: deps.clock.now(),
    profiles: environment && (await deps.inventory.profiles(environment.name)),
  };
  const read = collectReasons(reasons, () => parseProduct(rest, context));
  const product = acceptedOr('product', reasons, read);
  const earlier = await deps.inventory.productVersion(product.id);
  // A product that comes back goes on counting: the version in a certificate means one thing for good.
  const made = { ...product, version: (earlier?.version ?? 0) + 1 };
  await deps.inventory.createProduct(made, entryOf(caller, 'product.created', made));
  return { ...made, removedAt: null };
}

async function changeProduct(deps: ProductDeps, caller: Caller, id: string, raw: unknown): Promise<ProductVersion> {
  const before = await deps.inventory.product(id);
  if (!before) throw noSuch('product', id);
  const { environment } = before;
  const reasons: Reason[] = [];
  const { version, rest } = takeVersion(raw, reasons);
  const context = {
    environment,
    name: id.slice(environment.length + 1),
    version: version + 1,
    createdAt: deps.clock.now(),
    profiles: await deps.inventory.profiles(environment),
  };
  const read = collectReasons(reasons, () => parseProduct(rest, context));
  const after = acceptedOr('product', reasons, read);
  const changes = productChanges(before, after);
  // To say the same again is no change; who says it of an earlier version still learns that it is not the newest.
  if (version === before.version && Object.keys(changes).length === 0) return { ...before, removedAt: null };
  await deps.inventory.changeProduct(after, entryOf(caller, 'product.changed', after, changes));
  deps.forgetProduct(id);
  return { ...after, removedAt: null };
}

async function removeProduct(deps: ProductDeps, caller: Caller, id: string): Promise<void> {
  if (caller.kind !== 'operator') throw new CaError('unauthorized', 'Only an operator may remove a product.');
  const product = await deps.inventory.product(id);
  if (!product) throw noSuch('product', id);
  const { version } = product;
  const at = deps.clock.now();
  const audit = entryOf(caller, 'product.removed', { ...product, createdAt: at });
  const outcome = await deps.inventory.removeProduct({ id, version, at, operator: caller.name, audit });
  if (outcome.kind === 'notFound') throw noSuch('product', id);
  if (outcome.kind === 'hasCertificates') throw stillInUse(id, outcome.live);
  deps.forgetProduct(id);
  for (const token of outcome.tokens) deps.tokenRemoved(token);
  for (const request of outcome.requests) deps.requestNews.announce(request);
}

/** At the time of this version. */
const entryOf = (
  caller: Caller,
  kind: AuditEntry['kind'],
  { id, version, createdAt }: Product,
  changes: Readonly<Record<string, string>> = {},
): AuditEntry => ({
  at: createdAt,
  kind,
  actor: actorOf(caller),
  object: `product:${id}`,
  details: { version, ...changes },
});

function stillInUse(id: string, live: number): CaError {
  const certificates = live === 1 ? '1 certificate that is' : `${live} certificates that are`;
  return new CaError(
    'conflict',
    `The product ${id} has ${certificates} good, on hold or being issued. Revoke them or let them expire first.`,
  );
}
