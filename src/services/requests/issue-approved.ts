/** Issues what was approved, as it was submitted: the last step of an approval, tried again until it succeeds or expires. */
import type { RequestRecord } from '../../domain/records/request.ts';
import { refuse, refuseIfAny } from '../../domain/refusal.ts';
import type { CsrReader } from '../../ports/csr-reader.ts';
import type { Caller } from '../caller.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { ViewDeps } from '../inventory/view-certificate.ts';
import { type FindProduct, type ProductIssuing, productOf, type ReadyRequest } from '../issuing/submit-request.ts';
import type { CertificateView } from '../services.ts';
import type { RequestNews } from './request-news.ts';
import { findObstacles } from './request-obstacles.ts';

export interface IssueApprovedDeps extends ViewDeps {
  readonly clock: GuardedClock;
  readonly csrs: CsrReader;
  readonly products: ProductIssuing;
  readonly findProduct: FindProduct;
  readonly requestNews: RequestNews;
}

/** What would be signed for a request now. Its CSR is read and proven again: the rules for keys may have grown stricter. */
export async function prepareAgain(deps: IssueApprovedDeps, record: RequestRecord): Promise<ReadyRequest> {
  const csrDer =
    (await deps.inventory.requestCsr(record.id)) ?? refuse([{ code: 'wrongStructure', message: 'No CSR.' }]);
  return deps.products.prepare({
    caller: requesterOf(record),
    product: await productOf(deps.findProduct, record.product),
    profileName: record.profile,
    csr: await deps.csrs.read(csrDer),
    input: {
      csrDer,
      names: record.names,
      ...(record.lifetimeSeconds !== null && { lifetimeSeconds: record.lifetimeSeconds }),
    },
    ...(record.predecessor !== null && { predecessor: record.predecessor }),
  });
}

const operatorActor = 'operator:';

/** Who asked is who the certificate is recorded for, not who approved. */
function requesterOf({ requestedBy, tokenId, shownSerial, product, profile }: RequestRecord): Caller {
  if (requestedBy.startsWith(operatorActor)) {
    const name = requestedBy.slice(operatorActor.length);
    return { kind: 'operator', name, role: 'operator', serial: shownSerial ?? '' };
  }
  if (tokenId !== null) return { kind: 'token', tokenId, product, profiles: [profile] };
  return { kind: 'product', product, serial: shownSerial ?? '' };
}

/** Resolves to the certificate, also when another has taken the request up already. */
export async function issueApproved(deps: IssueApprovedDeps, record: RequestRecord): Promise<CertificateView> {
  refuseIfAny(await findObstacles(deps.inventory, record, deps.clock.now()));
  const view = await deps.products.issueApproved(await prepareAgain(deps, record), record.id);
  deps.requestNews.announce(record.id);
  return view;
}
