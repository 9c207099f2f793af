/** Bytes that anybody may fetch and keep: validators and freshness (RFC 9110 §8.8, §13; RFC 9111 §5). */
import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface PublishedBytes {
  readonly bytes: Uint8Array | string;
  readonly mediaType: string;
  /** Strong, quotes included. */
  readonly etag: string;
  /** Unix seconds. */
  readonly lastModified?: number;
  readonly maxAgeSeconds: number;
}

/** No cache may hide a revocation longer than this, however long a CRL or an OCSP answer is valid in itself. */
export const revocationMaxAgeSeconds = 60;

/** Sends the bytes, or 304 to a peer that has them. `now` in Unix milliseconds. */
export function sendPublished(
  request: FastifyRequest,
  reply: FastifyReply,
  published: PublishedBytes,
  now: number,
): FastifyReply {
  const { bytes, mediaType, etag, lastModified, maxAgeSeconds } = published;
  reply
    .header('etag', etag)
    .header('cache-control', cacheControl(maxAgeSeconds))
    .header('expires', new Date(now + maxAgeSeconds * 1000).toUTCString());
  if (lastModified !== undefined) reply.header('last-modified', new Date(lastModified * 1000).toUTCString());
  if (isKnown(request, etag, lastModified)) return reply.code(304).send();
  const body = typeof bytes === 'string' ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return reply.header('content-type', mediaType).send(body);
}

export const cacheControl = (maxAgeSeconds: number): string =>
  `public, max-age=${maxAgeSeconds}, must-revalidate, no-transform`;

/** Whether the value of If-None-Match has the tag, with weak comparison (RFC 9110 §13.1.2). */
export const matches = (given: string, etag: string): boolean =>
  given === etag || given.trim() === '*' || given.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);

/**
 * RFC 9110 §13.1: If-None-Match decides alone where it is given. If-Modified-Since must be the very Last-Modified: a later
 * time is that of a peer whose clock is ahead, or of a list from before ours was set back, and would hide newer revocations.
 */
function isKnown({ headers }: FastifyRequest, etag: string, lastModified: number | undefined): boolean {
  const given = headers['if-none-match'];
  if (given !== undefined) return matches(given, etag);
  const since = headers['if-modified-since'];
  return since !== undefined && lastModified !== undefined && lastModified * 1000 === Date.parse(since);
}

const etags = new WeakMap<Uint8Array, string>();

/** A strong ETag of bytes that are kept: made once for as long as they are. */
export function etagOf(bytes: Uint8Array): string {
  const known = etags.get(bytes);
  if (known !== undefined) return known;
  const etag = contentEtag(bytes);
  etags.set(bytes, etag);
  return etag;
}

/** The same for bytes that are made anew each time. */
export const contentEtag = (bytes: Uint8Array | string): string =>
  `"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`;
