/** A CSR from a product becomes a certificate: parse and prove possession, judge, issue (the life of one CSR, steps 2 to 6). */
import { CaError, type Reason } from '../domain/errors.ts';
import { type CompiledProfile, compileProfile, prepareCertificate } from '../domain/policy/prepare-certificate.ts';
import { printable } from '../domain/policy/printable.ts';
import type { Profile } from '../domain/policy/profile.ts';
import type { Product } from '../domain/records/environment.ts';
import { refuse } from '../domain/refusal.ts';
import type { ProvenCsr } from '../domain/x509/csr.ts';
import { makeSerial } from '../domain/x509/serial.ts';
import type { CsrReader } from '../ports/csr-reader.ts';
import type { Inventory, KeyBlock } from '../ports/inventory.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { ActiveAuthority, AuthorityDirectory } from './authority-directory.ts';
import { actorOf, type Caller } from './caller.ts';
import type { GuardedClock } from './guard-clock.ts';
import type { IssueCertificate, IssueOutcome } from './issue-certificate.ts';
import { quotaOf, quotaUsedUp } from './product-quota.ts';
import { idempotencyConflict, repeatedAnswer, repeatOf } from './repeat-answer.ts';
import type { CertificateView, SubmitInput } from './services.ts';
import { type ViewDeps, viewOf } from './view-certificate.ts';

export interface SubmitDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly issue: IssueCertificate;
  readonly csrs: CsrReader;
  readonly findProduct: FindProduct;
  readonly findProfiles: FindProfiles;
  /** 0: without limit. */
  readonly productCertificatesPerDay: number;
}

/** The product as it was at most a second ago. */
export type FindProduct = (id: string) => Promise<Product | undefined>;

/** The newest versions of an environment's profiles, as they were at most a second ago. */
type FindProfiles = (environment: string) => Promise<readonly Profile[] | undefined>;

/** A product's request after the caller, the product and the profile are settled; rotation comes in here, too. */
export interface ProductRequest {
  readonly caller: Caller;
  readonly product: Product;
  readonly profileName: string;
  readonly csr: ProvenCsr;
  readonly input: SubmitInput;
  readonly predecessor?: string;
}

export interface ProductIssuing {
  submit(caller: Caller, input: SubmitInput): Promise<CertificateView>;
  issueFor(request: ProductRequest): Promise<CertificateView>;
}

export function createProductIssuing(deps: SubmitDeps): ProductIssuing {
  const recipes = createRecipes(deps);

  const issueFor = async (request: ProductRequest): Promise<CertificateView> => {
    deps.clock.assertSafe();
    const { product, csr, input, caller } = request;
    const recipe = await recipes.get(product.environment, request.profileName);
    const nowMs = deps.clock.now();
    const serial = makeSerial(nowMs, deps.randomness.bytes(16));
    const prepared = prepareCertificate(recipe.compiled, {
      product,
      csr,
      ...(input.names && { names: input.names }),
      ...(input.lifetimeSeconds !== undefined && { lifetimeSeconds: input.lifetimeSeconds }),
      now: Math.floor(nowMs / 1000),
      serial,
    });
    const outcome = await deps.issue({
      serial,
      prepared,
      signer: recipe.issuer.signer,
      authority: recipe.issuer.authority.name,
      issuerSerial: recipe.issuer.certificate.serial,
      purpose: 'product',
      environment: product.environment,
      owner: product.id,
      productVersion: product.version,
      requestedBy: actorOf(caller),
      ...(request.predecessor !== undefined && { predecessor: request.predecessor }),
      ...(caller.kind === 'token' && { tokenId: caller.tokenId }),
      // A rotation keeps a service running that has its certificate already: it counts, but is not refused.
      ...(request.predecessor === undefined && quotaOf(deps.productCertificatesPerDay, nowMs)),
      ...(input.idempotency && { idempotency: { scope: actorOf(caller), ...input.idempotency } }),
    });
    return settle(deps, outcome);
  };

  return {
    issueFor,
    async submit(caller, input) {
      if (caller.kind === 'operator')
        throw new CaError('unauthorized', 'Operators do not request product certificates.');
      const repeated = await repeatedAnswer(deps, caller, input);
      if (repeated) return repeated;
      const product = await productOf(deps.findProduct, caller.product);
      const profileName = chooseProfile(caller, product, input.profile);
      return issueFor({ caller, product, profileName, csr: await deps.csrs.read(input.csrDer), input });
    },
  };
}

export async function productOf(find: FindProduct, id: string): Promise<Product> {
  const product = await find(id);
  if (!product) throw new CaError('unauthorized', `The product ${id} does not exist any more.`);
  return product;
}

function chooseProfile(caller: Caller, product: Product, wanted: string | undefined): string {
  const allowed =
    caller.kind === 'token' ? product.profiles.filter((name) => caller.profiles.includes(name)) : product.profiles;
  const name = wanted ?? allowed[0];
  if (name !== undefined && allowed.includes(name)) return name;
  const list = allowed.length > 0 ? `Use one of: ${allowed.join(', ')}.` : 'It may use none.';
  const reason: Reason = {
    code: 'profileNotAllowed',
    field: 'profile',
    message: `Neither ${product.id} nor its token may use this profile. ${list}`,
    ...(wanted !== undefined && { value: printable(wanted) }),
  };
  return refuse([reason]);
}

function refuseBlockedKey(block: KeyBlock): never {
  const reasons = {
    authority: { code: 'keyBelongsToAuthority', message: 'This key is an authority’s. Make a new key.' },
    operator: { code: 'keyBelongsToOperator', message: 'This key is an operator’s. Make a new key.' },
    compromised: { code: 'keyCompromised', message: 'This key was reported compromised. Make a new key.' },
  } as const;
  return refuse([{ ...reasons[block], field: 'csr.publicKey' }]);
}

/** What came of issuing, as its caller is told: the certificate, the first one again, or why not. */
export async function settle(
  deps: ViewDeps & { readonly clock: Pick<GuardedClock, 'now'> },
  outcome: IssueOutcome,
): Promise<CertificateView> {
  switch (outcome.kind) {
    case 'issued':
      return viewOf(deps, outcome.record, outcome.der);
    case 'replay':
      return repeatOf(deps, outcome.serial);
    case 'keyBlocked':
      return refuseBlockedKey(outcome.block);
    case 'idempotencyConflict':
      throw idempotencyConflict();
    case 'hasSuccessor':
      throw new CaError('conflict', `This certificate was rotated already; its successor is ${outcome.successor}.`);
    case 'quotaUsedUp':
      throw quotaUsedUp(deps.clock.now());
    case 'tokenExpired':
      return refuseToken('tokenExpired', 'The enrolment token has expired. Ask an operator for a new one.');
    case 'tokenUsedUp':
      return refuseToken('tokenUsedUp', 'The enrolment token has no uses left. Ask an operator for a new one.');
  }
}

const refuseToken = (code: 'tokenExpired' | 'tokenUsedUp', message: string): never => refuse([{ code, message }]);

interface Recipe {
  readonly compiled: CompiledProfile;
  readonly issuer: ActiveAuthority;
}

/** Profiles compiled against their issuer, once for as long as profile and issuer stay what they are. */
function createRecipes(deps: Pick<SubmitDeps, 'findProfiles' | 'directory'>): {
  get(environment: string, profile: string): Promise<Recipe>;
} {
  const kept = new WeakMap<ActiveAuthority, Map<string, Recipe>>();

  return {
    async get(environment, name) {
      const profile = (await deps.findProfiles(environment))?.find((candidate) => candidate.name === name);
      if (!profile) {
        return refuse([
          {
            code: 'unknownProfile',
            field: 'profile',
            message: `${environment} has no such profile.`,
            value: printable(name),
          },
        ]);
      }
      const issuer = await deps.directory.get(profile.authority);
      const ofIssuer = kept.get(issuer) ?? new Map<string, Recipe>();
      kept.set(issuer, ofIssuer);
      const known = ofIssuer.get(name);
      if (known?.compiled.profile.version === profile.version) return known;
      const recipe = { compiled: compileProfile(profile, issuer.facts), issuer };
      ofIssuer.set(name, recipe);
      return recipe;
    },
  };
}
