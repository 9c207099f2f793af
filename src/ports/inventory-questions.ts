/** Port: what the inventory can be asked about certificates, and what it answers beside records. */
import type { CertificatePurpose, CertificateRecord, CertificateStatus } from '../domain/records/certificate.ts';
import type { DeploymentState } from '../domain/records/deployment.ts';

/** One value, or several of which any will do: at most 20, and at least one. */
export type OneOrMore<T> = T | readonly T[];

/** Of the values of all filters together: each is a search of its own. */
export const mostCombinations = 64;

/** The order of a search; `-` is downwards. By name: by the first name, or the subject of a certificate without names. */
export type CertificateSort = 'requestedAt' | '-requestedAt' | 'notAfter' | '-notAfter' | 'name' | '-name';

/** Filters combine with AND; an absent one does not filter. Their values make at most `mostCombinations`. Times in Unix seconds, every bound left out. */
export interface CertificateFilter {
  readonly serial?: string;
  readonly purpose?: CertificatePurpose;
  readonly environment?: OneOrMore<string>;
  /** Owner: a product id when purpose is `product`. */
  readonly owner?: OneOrMore<string>;
  readonly profile?: OneOrMore<string>;
  readonly authority?: OneOrMore<string>;
  /** Serial of the authority's certificate that signed, or of another one that it has had for the same key. */
  readonly issuerSerial?: string;
  readonly status?: OneOrMore<CertificateStatus>;
  /** What can still be revoked for good: valid, or on hold and not expired. */
  readonly isRevocable?: true;
  /** An exact name, or `*.suffix` for every name below the suffix. Taken literally: no pattern characters. */
  readonly name?: string;
  /** Hex SHA-256 of the SubjectPublicKeyInfo. */
  readonly keySha256?: string;
  readonly notAfterBefore?: number;
  readonly notAfterAfter?: number;
  readonly issuedBefore?: number;
  readonly issuedAfter?: number;
  readonly requestedBy?: string;
  /** Whether another certificate has taken its place, or been asked to. */
  readonly successor?: 'none' | 'some';
  /** What its targets came to. */
  readonly deployment?: OneOrMore<DeploymentState>;
  /** A product's certificate that is valid, has no successor, and whose renewal windows are all over. */
  readonly rotation?: 'overdue';
  /** Free text: a substring of a name or of the subject, taken literally, case-insensitive; three characters or more. */
  readonly text?: string;
}

export interface CertificateQuery extends CertificateFilter {
  readonly sort: CertificateSort;
  /** Continue after this row, in sort order: a time in the unit of the record, or the name it is listed by. */
  readonly after?: { readonly sortValue: number | string; readonly serial: string };
  readonly limit: number;
  /** The time at which `status` is judged. */
  readonly now: number;
}

/** Makes text of one record, as of a Unix second. */
export type RecordRenderer = (record: CertificateRecord, now: number) => string;

/** By the name of the form. They run on the thread that searches, so an adapter is told of them by their module's URL. */
export type RecordRenderers = Readonly<Record<string, RecordRenderer>>;

/** UTF-8 text of the records of a page, and where it ends. */
export interface RenderedPage {
  readonly text: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Others match that come after them. */
  readonly more: boolean;
  /** Position of the last record, for `after`; null when there was none. */
  readonly last: NonNullable<CertificateQuery['after']> | null;
}

/** How many certificates match; with `isExact` false there are at least so many. */
export interface MatchCount {
  readonly matches: number;
  readonly isExact: boolean;
}

/** How many certificates are in each status. */
export type StatusCounts = Readonly<Record<CertificateStatus, number>>;

/** Times in Unix seconds; `until` is the beginning of a day in UTC. */
export interface AskedExpiring {
  readonly now: number;
  readonly until: number;
  readonly environment?: string;
  readonly product?: string;
}

/** How many good certificates of products expire. */
export interface ExpiringCount {
  readonly certificates: number;
  /** Of those, the ones that nothing has followed yet. */
  readonly withoutSuccessor: number;
  /** Of those, the ones whose renewal windows are all over. */
  readonly overdue: number;
}

/** The same certificates counted by day and by product; what has none is left out. */
export interface ExpiringCounts {
  /** By the Unix second at which the day begins, in UTC; in order. */
  readonly days: ReadonlyMap<number, ExpiringCount>;
  readonly products: ReadonlyMap<string, ExpiringCount>;
}

export interface InventorySummary {
  readonly total: StatusCounts;
  /** By product id; the service's own certificates are in no product. */
  readonly products: ReadonlyMap<string, StatusCounts>;
  /** By `environment/name`; the service's own profiles by name. */
  readonly profiles: ReadonlyMap<string, StatusCounts>;
  readonly keyTypes: ReadonlyMap<string, StatusCounts>;
  /** By the Unix second at which the week of expiry begins, a Monday. */
  readonly expiryWeeks: ReadonlyMap<number, StatusCounts>;
}
