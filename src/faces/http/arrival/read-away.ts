/** Reads the rest of a body that nobody wants, so that the peer gets to read why (RFC 9112 §9.6). */
import type { Readable } from 'node:stream';

export interface ReadAwayLimits {
  readonly octets: number;
  readonly ms: number;
}

/** A peer that sends more, or slower, may lose its answer: that is its own doing. */
const defaultLimits: ReadAwayLimits = { octets: 4 * 1024 * 1024, ms: 2_000 };

/**
 * Resolves when `body` has ended, or at the limits. A socket that is closed while octets wait in it is reset, and the reset
 * can overtake the answer: the peer would see a broken connection in place of its 413.
 */
export function readAway(body: Readable, limits: ReadAwayLimits = defaultLimits): Promise<void> {
  if (body.readableEnded || body.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let octets = 0;
    const stop = (): void => {
      clearTimeout(timer);
      body.off('data', count).off('end', stop).off('close', stop).off('error', stop);
      resolve();
    };
    const count = (chunk: Uint8Array): void => {
      octets += chunk.length;
      if (octets > limits.octets) stop();
    };
    const timer = setTimeout(stop, limits.ms);
    body.on('data', count).on('end', stop).on('close', stop).on('error', stop);
    body.resume();
  });
}
