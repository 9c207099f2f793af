/** What is told of a request that was submitted before: itself while it is open, its certificate, or why there is none. */
import { CaError, type Reason } from '../../domain/errors.ts';
import type { RequestRecord } from '../../domain/records/request.ts';
import { refuse } from '../../domain/refusal.ts';
import { type ViewDeps, viewOf } from '../inventory/view-certificate.ts';
import { noSuch } from '../no-such.ts';
import type { Submitted } from '../services.ts';

export async function answerRequest(deps: ViewDeps, id: string): Promise<Submitted> {
  const record = await deps.inventory.request(id);
  if (!record) throw noSuch('request', id);
  return answerOf(deps, record);
}

/** Rejects with `conflict` for a request that was denied or has expired. */
export async function answerOf(deps: ViewDeps, record: RequestRecord): Promise<Submitted> {
  if (record.endedAt === null) return { kind: 'request', request: record };
  if (record.status !== 'issued') return refuse([endReason(record)]);
  const certificate = await deps.inventory.certificate(record.serial ?? '');
  const der = certificate && (await deps.inventory.certificateDer(certificate.serial));
  if (!certificate || !der) throw new CaError('serverInternal', 'The certificate of the request is not recorded.');
  return { kind: 'certificate', view: await viewOf(deps, certificate, der) };
}

/** How a request that is not open any more has ended; one whose time is up has expired, noted or not. */
export function endReason(record: RequestRecord): Reason {
  const { status, serial, verdicts } = record;
  if (status === 'issued') return { code: 'requestIssued', message: `The request is issued already, as ${serial}.` };
  const denial = verdicts.find(({ verdict }) => verdict === 'denied');
  if (!denial) return { code: 'requestExpired', message: `${whyExpired(record)} Submit it again.` };
  const comment = denial.comment === '' ? 'without a comment' : `with the comment: ${denial.comment}`;
  return { code: 'requestDenied', message: `An operator denied the request, ${comment}` };
}

function whyExpired({ endedAt, expiresAt, verdicts, approvalsNeeded }: RequestRecord): string {
  if (endedAt !== null && endedAt < expiresAt) {
    return 'The request was approved, but what it rests on has changed before it could be issued.';
  }
  // Approvals are all that a request without a denial has.
  const isApproved = verdicts.length >= approvalsNeeded;
  return isApproved
    ? 'The request was approved, but could not be issued in time.'
    : 'The request was not approved in time.';
}
