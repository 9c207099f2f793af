/** A list as it is served. */
import { createHash } from 'node:crypto';
import { parseForeignCrl } from '../../domain/x509/read-crl.ts';
import type { CrlRecord } from '../../ports/revocation-store.ts';

/** Bytes to serve as they are, with their validators. */
export interface PublishedCrl {
  readonly der: Uint8Array;
  /** Of one made elsewhere up to 20 octets, or null: RFC 5280 §5.2.3. */
  readonly crlNumber: bigint | null;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Strong ETag, quotes included. */
  readonly etag: string;
}

/** One of ours, which bears the number of its record. */
export const publishedOf = (record: CrlRecord): PublishedCrl => served(record, BigInt(record.crlNumber));

/** One that was made elsewhere: the inventory only counts these. */
export const importedOf = (record: CrlRecord): PublishedCrl =>
  served(record, parseForeignCrl(record.der).crlNumber ?? null);

function served({ der, thisUpdate, nextUpdate }: CrlRecord, crlNumber: bigint | null): PublishedCrl {
  const etag = `"${createHash('sha256').update(der).digest('base64url').slice(0, 22)}"`;
  return { der, crlNumber, thisUpdate, nextUpdate, etag };
}
