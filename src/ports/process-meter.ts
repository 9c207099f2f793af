/** Port: what the process itself costs: processor time, memory, files, and how long its event loop keeps others waiting. */

export interface ProcessReadings {
  readonly version: string;
  readonly nodeVersion: string;
  /** Unix seconds. */
  readonly startedAt: number;
  /** Of all threads, user and system, since the start. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  /** Memory of buffers outside of the heap. */
  readonly externalBytes: number;
  /** Undefined where the system does not tell. */
  readonly openFiles: number | undefined;
  /** Time since the start in which the event loop was busy, or waited for something to do. */
  readonly loopActiveSeconds: number;
  readonly loopIdleSeconds: number;
  /** By how much the event loop came late, at worst, over the last one to two minutes. */
  readonly loopDelay: { readonly p50Seconds: number; readonly p99Seconds: number; readonly maximumSeconds: number };
}

export interface ProcessMeter {
  /** Cheap, and the same for whoever asks: reading resets nothing. */
  read(): ProcessReadings;
  close(): void;
}
