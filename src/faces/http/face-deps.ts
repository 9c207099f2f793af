/** What every HTTP face is given, and the limits that keep one bad peer from hurting the others. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { DistributionUrls, Services } from '../../services/services.ts';

/** A face as a Fastify instance whose schemas type its handlers; `listen` it, or `inject` into it without a port. */
export type Face = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;

/** PEM texts. `key` is in memory only: the service makes a new one whenever it rotates its certificate. */
export interface TlsMaterial {
  /** The server certificate and its issuers. */
  readonly cert: string;
  readonly key: string;
  /** Whose client certificates are asked for: their names are what makes curl and Java choose one. */
  readonly ca: readonly string[];
}

export interface FaceDeps {
  readonly services: Services;
  /** Absolute URLs of the distribution face, for links. */
  readonly urls: DistributionUrls;
  readonly logger: Logger;
  readonly limits: FaceLimits;
  /** Unix milliseconds. */
  now(): number;
  /** False: no line for each request, only for what went wrong. */
  readonly requestLog: boolean;
  /** Absent: plain HTTP, which only the distribution face may be outside of tests. */
  readonly tls?: TlsMaterial;
}

/** Sizes in octets, times in milliseconds. docs/adr/0007-http-faces.md argues each default. */
export interface FaceLimits {
  readonly bodyOctets: number;
  readonly headerOctets: number;
  /** From the first octet of a request to its last. */
  readonly requestMs: number;
  readonly headersMs: number;
  readonly handshakeMs: number;
  /** A socket on which nothing moves while a request is under way. */
  readonly inactivityMs: number;
  readonly keepAliveMs: number;
  /** How often the limits above are looked at. */
  readonly checkMs: number;
  readonly requestsPerSocket: number;
  /** How long requests under way have to end when the face stops; the whole stop has 10 s. */
  readonly drainMs: number;
  /** How long a body that has not come whole may take then: nothing was done for its request yet. */
  readonly drainBodiesMs: number;
  readonly connections: number;
  /** Certificate requests under way at once; more are told to come back. */
  readonly submitsInFlight: number;
  /** Of one address; a good credential is never counted and never slowed. */
  readonly failedAuthenticationsPerMinute: number;
  /** Of one address, whatever it asks. */
  readonly requestsPerMinute: number;
  /** With one enrolment token, and of one product with whatever credentials. */
  readonly tokenRequestsPerMinute: number;
  readonly productRequestsPerMinute: number;
}

export const defaultFaceLimits: FaceLimits = {
  bodyOctets: 64 * 1024,
  headerOctets: 16 * 1024,
  requestMs: 10_000,
  headersMs: 5_000,
  handshakeMs: 10_000,
  inactivityMs: 30_000,
  keepAliveMs: 65_000,
  checkMs: 1_000,
  requestsPerSocket: 100_000,
  drainMs: 7_000,
  drainBodiesMs: 1_000,
  connections: 4_096,
  submitsInFlight: 512,
  failedAuthenticationsPerMinute: 60,
  requestsPerMinute: 1_200_000,
  tokenRequestsPerMinute: 1_200_000,
  productRequestsPerMinute: 1_200_000,
};
