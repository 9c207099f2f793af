/** Requests as operators see them: listed, and one with exactly what would be signed, beside what its product has. */
import { CaError, type Reason } from '../../domain/errors.ts';
import { compareCertificate, mostAlike } from '../../domain/policy/compare-certificate.ts';
import type { PreparedCertificate } from '../../domain/policy/prepare-certificate.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { RequestRecord } from '../../domain/records/request.ts';
import { namePage } from '../inventory/name-pages.ts';
import { refuseUnknown } from '../inventory/unknown-filters.ts';
import type { Services } from '../services.ts';
import { findRequest } from './decide-request.ts';
import { type IssueApprovedDeps, prepareAgain } from './issue-approved.ts';
import { findObstacles } from './request-obstacles.ts';
import type { ListedRequest, RequestProposal, RequestView } from './request-views.ts';

type ViewRequests = Pick<Services, 'listRequests' | 'readRequest'>;

export const createViewRequests = (deps: IssueApprovedDeps): ViewRequests => ({
  async listRequests(_caller, { status, product, ...page }) {
    await refuseUnknown(deps.inventory, { owner: product });
    const found = await namePage<RequestRecord>(
      page,
      ({ id }) => id,
      ({ after, limit }) =>
        deps.inventory.requests({
          limit,
          ...(after !== undefined && { before: after }),
          ...(status && { status }),
          ...(product !== undefined && { product }),
        }),
    );
    const now = deps.clock.now();
    return { ...found, items: await Promise.all(found.items.map((record) => listed(deps, record, now))) };
  },
  async readRequest(_caller, id) {
    const record = await findRequest(deps, id);
    const token = record.tokenId === null ? undefined : await deps.inventory.token(record.tokenId);
    return { record, tokenCreatedBy: token?.createdBy ?? null, ...(await judged(deps, record)) };
  },
});

const listed = async (deps: IssueApprovedDeps, record: RequestRecord, now: number): Promise<ListedRequest> => ({
  ...record,
  obstacles: record.endedAt === null ? await findObstacles(deps.inventory, record, now) : [],
});

/** The proposal, or why there is none. Nobody is asked about a request that has ended. */
async function judged(
  deps: IssueApprovedDeps,
  record: RequestRecord,
): Promise<Pick<RequestView, 'proposal' | 'obstacles'>> {
  if (record.endedAt !== null) return { proposal: null, obstacles: [] };
  const obstacles = await findObstacles(deps.inventory, record, deps.clock.now());
  if (obstacles.length > 0) return { proposal: null, obstacles };
  try {
    return { proposal: await propose(deps, record), obstacles };
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    // Policy may refuse today what it let wait yesterday: an authority near its end, a key that was found weak.
    if (error.reasons.length > 0) return { proposal: null, obstacles: error.reasons };
    // A compromised authority may wait for days for its replacement, and what was asked of it can still be denied.
    if (error.code === 'signerUnavailable') return { proposal: null, obstacles: [awaitedIssuer(error)] };
    throw error;
  }
}

const awaitedIssuer = ({ message }: CaError): Reason => ({ code: 'issuerUnavailable', field: 'profile', message });

async function propose(deps: IssueApprovedDeps, record: RequestRecord): Promise<RequestProposal> {
  const { prepared, recipe } = await prepareAgain(deps, record);
  const current = await currentCertificate(deps, record, prepared);
  const comparison = current && { with: current, differences: compareCertificate(current, prepared) };
  return { authority: recipe.issuer.authority.name, prepared, comparison: comparison ?? null };
}

/** Names that are looked for, and certificates that are looked at for each: a comparison is a help, not a search. */
const mostNames = 5;
const mostCertificates = 20;

/** What a rotation follows; else the product's good certificate that is most like it and has a name in common. */
async function currentCertificate(
  deps: IssueApprovedDeps,
  { predecessor, product }: RequestRecord,
  prepared: PreparedCertificate,
): Promise<CertificateRecord | undefined> {
  if (predecessor !== null) return deps.inventory.certificate(predecessor);
  const now = Math.floor(deps.clock.now() / 1000);
  const query = { purpose: 'product', owner: product, status: 'valid', sort: '-requestedAt' } as const;
  const found = await Promise.all(
    prepared.names
      .slice(0, mostNames)
      .map((name) => deps.inventory.searchCertificates({ ...query, name, limit: mostCertificates, now })),
  );
  return mostAlike(found.flat(), prepared);
}
