/** What is told of a certificate that has a successor already: that one to whoever has its key, else its serial. */

import type { ViewDeps } from '../inventory/view-certificate.ts';
import { repeatOf } from '../issuing/repeat-answer.ts';
import { rotatedAlready } from '../issuing/settle-issuance.ts';
import type { CertificateView } from '../services.ts';

/**
 * An answer that was lost on its way is given again, as it was: two requests with one key are one request. Throws `conflict`,
 * naming the successor, for any other key, and for a successor that is not good any more.
 */
export async function successorFor(deps: ViewDeps, successor: string, keySha256: string): Promise<CertificateView> {
  const record = await deps.inventory.certificate(successor);
  if (record?.keySha256 !== keySha256 || record.revocation) throw rotatedAlready(successor);
  return repeatOf(deps, successor);
}
