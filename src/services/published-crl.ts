/** A list as it is served. */

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
