/** What a request rests on: whether its profile, product and credential are still what they were when it was submitted. */
import type { RequestRecord } from '../../../domain/records/request.ts';
import type { RequestGround } from '../../../ports/request-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets } from '../rows/certificate-row.ts';

/** The grounds that changed since. */
export function requestGrounds(connection: Statements): (record: RequestRecord) => readonly RequestGround[] {
  const profile = connection
    .prepare<[string, string], number | null>('SELECT max(version) FROM profiles WHERE environment = ? AND name = ?')
    .pluck();
  const product = connection.prepare<[string], { readonly version: number; readonly removedAt: number | null }>(
    'SELECT version, removed_at AS removedAt FROM products WHERE id = ? ORDER BY version DESC LIMIT 1',
  );
  const token = connection.prepare<[string], number>('SELECT 1 FROM tokens WHERE id = ?').pluck();
  const revoked = connection
    .prepare<[Buffer], number>("SELECT 1 FROM certificates WHERE serial = ? AND state = 'revoked'")
    .pluck();

  const holds: Readonly<Record<RequestGround, (record: RequestRecord) => boolean>> = {
    profile: (record) => profile.get(record.environment, record.profile) === record.profileVersion,
    product: (record) => {
      const newest = product.get(record.product);
      return newest?.removedAt === null && newest.version === record.productVersion;
    },
    token: ({ tokenId }) => tokenId === null || token.get(tokenId) !== undefined,
    certificate: ({ shownSerial }) => shownSerial === null || revoked.get(serialOctets(shownSerial)) === undefined,
  };
  const grounds = Object.keys(holds) as readonly RequestGround[];
  return (record) => grounds.filter((ground) => !holds[ground](record));
}
