/** What the faces tell the metrics, and ask of them. */
import type { CaErrorCode } from '../../domain/errors.ts';
import type { MetricFamily } from '../../domain/records/metric.ts';
import type { AnsweredRequest } from './measurements.ts';

/** What a face tells of itself once, when it is built. */
export interface WatchedFace {
  readonly name: string;
  /** Every code it may answer. */
  readonly refusalCodes: readonly CaErrorCode[];
  /** Read at each collection. */
  load(): { readonly connections: number; readonly requestsUnderWay: number };
}

/** Telling is synchronous, takes about a microsecond and never fails. */
export interface MeasuringServices {
  watchFace(face: WatchedFace): void;
  countAnswer(request: AnsweredRequest): void;
  countRefusal(face: string, code: CaErrorCode): void;
  /** Everything measured, as of now; what cannot be had now is left out. */
  collectMetrics(): Promise<readonly MetricFamily[]>;
}
