/**
 * Port: the part of the inventory that keeps alerts, and what webhooks are still to be told. What ports/inventory.ts promises
 * holds here, too.
 */
import type { Alert } from '../domain/alerts/alert.ts';
import type { AuditEntry } from '../domain/records/audit-event.ts';

export interface Delivery {
  readonly id: number;
  /** Of the message, which other endpoints may get, too. */
  readonly message: string;
  /** Hex SHA-256 of the endpoint's URL. */
  readonly endpoint: string;
  readonly body: string;
  /** How often the endpoint has failed since it was recorded. */
  readonly attempts: number;
}

/** `deliveries` are due at `at`, Unix milliseconds; an alert is opened and cleared once, whoever asks again. */
export interface AlertChanges {
  readonly at: number;
  readonly opened: readonly Alert[];
  readonly counted: readonly Pick<Alert, 'id' | 'count'>[];
  /** Ids. */
  readonly cleared: readonly string[];
  readonly deliveries: readonly Omit<Delivery, 'id' | 'attempts'>[];
  readonly audit: readonly AuditEntry[];
}

/** So many deliveries wait at most: beyond, the oldest are given up for the newest. */
export const mostDeliveries = 10_000;

/** Of one product, among its valid certificates that nothing follows. */
export interface RotationCount {
  readonly owner: string;
  /** Every renewal window of theirs is over. */
  readonly overdue: number;
  /** Of those, by the first of the asked bounds in which they end; what ends after all of them is left out. */
  readonly expiring: readonly number[];
  /** A target of theirs failed. */
  readonly failed: number;
}

/** Where the next slice begins; only what made it reads it. */
export interface RotationPlace {
  readonly part: number;
  readonly place: number;
  readonly id: number;
}

export interface RotationSlice {
  /** By owner. */
  readonly counts: readonly RotationCount[];
  /** Null after the last. */
  readonly next: RotationPlace | null;
}

export interface AlertStore {
  /** Resolves to how many deliveries were given up for newer ones. */
  recordAlerts(changes: AlertChanges): Promise<number>;
  openAlerts(): Promise<readonly Alert[]>;
  /** Endpoints that have a delivery due at Unix millisecond `at`. */
  dueEndpoints(at: number): Promise<readonly string[]>;
  /** What an endpoint is to get, due or not, in the order it was recorded. */
  deliveriesTo(endpoint: string, limit: number): Promise<readonly Delivery[]>;
  /** It is delivered, or never will be. */
  settleDelivery(id: number): Promise<void>;
  /**
   * A try of the endpoint failed: all it is to get is due at `dueAt`, with one attempt more, but what was recorded before
   * `givenUpBefore`, which is gone; resolves to how many those were. Unix milliseconds.
   */
  postponeDeliveries(postponing: {
    readonly endpoint: string;
    readonly dueAt: number;
    readonly givenUpBefore: number;
  }): Promise<number>;
  pendingDeliveries(): Promise<number>;
  /** Some hundred rows of them all, the first without `from`: the counts of all slices add up. `now` in Unix seconds, bounds ascending. */
  rotationSlice(asked: {
    readonly now: number;
    readonly boundsDays: readonly number[];
    readonly from: RotationPlace | null;
  }): Promise<RotationSlice>;
}
