/** A list as it is served. */
import { createHash } from 'node:crypto';
import type { CrlRecord } from '../../ports/revocation-store.ts';

/** Bytes to serve as they are, with their validators. */
export interface PublishedCrl {
  readonly der: Uint8Array;
  readonly crlNumber: number;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Strong ETag, quotes included. */
  readonly etag: string;
}

export function publishedOf({ der, crlNumber, thisUpdate, nextUpdate }: CrlRecord): PublishedCrl {
  const etag = `"${createHash('sha256').update(der).digest('base64url').slice(0, 22)}"`;
  return { der, crlNumber, thisUpdate, nextUpdate, etag };
}
