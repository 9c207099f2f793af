/** A CSR from a product becomes a certificate: parse and prove possession, judge, issue (the life of one CSR, steps 2 to 6). */
import { CaError, type Reason } from '../../domain/errors.ts';
import { type PreparedCertificate, prepareCertificate } from '../../domain/policy/prepare-certificate.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { RotationRule } from '../../domain/policy/profile.ts';
import type { Product } from '../../domain/records/environment.ts';
import { refuse } from '../../domain/refusal.ts';
import type { ProvenCsr } from '../../domain/x509/csr.ts';
import { makeSerial } from '../../domain/x509/serial.ts';
import type { CsrReader } from '../../ports/csr-reader.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { actorOf, type Caller } from '../caller.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { ViewDeps } from '../inventory/view-certificate.ts';
import { answerRequest } from '../requests/request-answer.ts';
import { successorFor } from '../rotating/successor-answer.ts';
import type { CertificateView, SubmitInput, Submitted } from '../services.ts';
import type { IssueCertificate, IssueInput } from './issue-certificate.ts';
import { quotaOf } from './product-quota.ts';
import { createRecipes, type Recipe, type RecipeDeps } from './product-recipes.ts';
import { repeatedAnswer } from './repeat-answer.ts';
import { settle } from './settle-issuance.ts';

export interface SubmitDeps extends ViewDeps, RecipeDeps {
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly issue: IssueCertificate;
  /** Called after a certificate was rotated, at once or once that was approved: when to rotate it is not what it was. */
  readonly forgetWindow: (serial: string) => void;
  readonly csrs: CsrReader;
  readonly findProduct: FindProduct;
  /** 0: without limit. */
  readonly productCertificatesPerDay: number;
  /** Records a request that so many operators must approve. */
  readonly park: (ready: ReadyRequest, approvals: 1 | 2) => Promise<Submitted>;
}

/** The product as it was at most a second ago. */
export type FindProduct = (id: string) => Promise<Product | undefined>;

/** A product's request after the caller, the product and the profile are settled; rotation comes in here, too. */
export interface ProductRequest {
  readonly caller: Caller;
  readonly product: Product;
  readonly profileName: string;
  readonly csr: ProvenCsr;
  readonly input: SubmitInput;
  readonly predecessor?: string;
}

/** What is to be signed for a request, and by whom. */
export interface ReadyRequest {
  readonly request: ProductRequest;
  readonly recipe: Recipe;
  readonly serial: string;
  readonly prepared: PreparedCertificate;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface ProductIssuing {
  submit(caller: Caller, input: SubmitInput): Promise<Submitted>;
  /** Issued at once, or recorded to wait for approval where the profile says so. */
  issueFor(request: ProductRequest): Promise<Submitted>;
  /** Judged as if it were to be issued now; nothing is recorded. */
  prepare(request: ProductRequest): Promise<ReadyRequest>;
  /** Issues what waited, as the approved request with this id. */
  issueApproved(ready: ReadyRequest, id: string): Promise<CertificateView>;
}

export function createProductIssuing(deps: SubmitDeps): ProductIssuing {
  const recipes = createRecipes(deps);
  const issue: IssueCertificate = async (input) => {
    const outcome = await deps.issue(input);
    if (input.predecessor !== undefined) deps.forgetWindow(input.predecessor);
    return outcome;
  };

  const prepare = async (request: ProductRequest): Promise<ReadyRequest> => {
    const { product, csr, input } = request;
    const recipe = await recipes.get(product.environment, request.profileName);
    const at = deps.clock.now();
    const serial = makeSerial(at, deps.randomness.bytes(16));
    const prepared = prepareCertificate(recipe.compiled, {
      product,
      csr,
      ...(input.names && { names: input.names }),
      ...(input.lifetimeSeconds !== undefined && { lifetimeSeconds: input.lifetimeSeconds }),
      now: Math.floor(at / 1000),
      serial,
    });
    return { request, recipe, serial, prepared, at };
  };

  const issueFor = async (request: ProductRequest): Promise<Submitted> => {
    deps.clock.assertSafe();
    const ready = await prepare(request);
    const { approvals } = ready.recipe.compiled.profile;
    if (approvals !== 0) return deps.park(ready, approvals);
    const { caller, input } = request;
    const outcome = await issue({
      ...issueInputOf(ready),
      ...(caller.kind === 'token' && { tokenId: caller.tokenId }),
      // A rotation keeps a service running that has its certificate already: it counts, but is not refused.
      ...(request.predecessor === undefined && quotaOf(deps.productCertificatesPerDay, ready.at)),
      ...(input.idempotency && { idempotency: { scope: actorOf(caller), ...input.idempotency } }),
    });
    if (outcome.kind === 'replayRequest') return answerRequest(deps, outcome.request);
    if (outcome.kind === 'hasSuccessor') {
      return { kind: 'certificate', view: await successorFor(deps, outcome.successor, ready.prepared.keySha256) };
    }
    return { kind: 'certificate', view: await settle(deps, outcome) };
  };

  return {
    issueFor,
    prepare,
    async issueApproved(ready, id) {
      deps.clock.assertSafe();
      return settle(deps, await issue({ ...issueInputOf(ready), request: id }));
    },
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

const issueInputOf = ({ request, recipe, serial, prepared }: ReadyRequest): IssueInput => ({
  serial,
  prepared,
  signer: recipe.issuer.signer,
  authority: recipe.issuer.authority.name,
  issuerSerial: recipe.issuer.certificate.serial,
  purpose: 'product',
  environment: request.product.environment,
  owner: request.product.id,
  productVersion: request.product.version,
  requestedBy: actorOf(request.caller),
  ...(request.predecessor !== undefined && following(request.predecessor, recipe.compiled.profile.rotation)),
});

const following = (
  predecessor: string,
  { revokePredecessor, overlapSeconds }: RotationRule,
): Pick<IssueInput, 'predecessor' | 'overlapSeconds'> => ({
  predecessor,
  ...(revokePredecessor && { overlapSeconds }),
});

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
  const list = allowed.length > 0 ? `Use one of: ${allowed.join(', ')}.` : 'There is none it may use.';
  const lacking =
    wanted !== undefined && !product.profiles.includes(wanted)
      ? `${product.id} may not use this profile.`
      : `The token was made without the profiles that ${product.id} may use now: a new one has them.`;
  const reason: Reason = {
    code: 'profileNotAllowed',
    field: 'profile',
    message: `${lacking} ${list}`,
    ...(wanted !== undefined && { value: printable(wanted) }),
  };
  return refuse([reason]);
}
