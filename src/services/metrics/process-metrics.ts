/** The readings of the process as metrics, under the names that dashboards for Node.js know. */
import { type GaugeReading, gauge, type MetricFamily } from '../../domain/records/metric.ts';
import type { ProcessReadings } from '../../ports/process-meter.ts';

export const processFamilies = (readings: ProcessReadings): MetricFamily[] => [
  gauge('privyseal_build_info', 'Always 1; the labels say what is running', [
    { labels: { version: readings.version, node: readings.nodeVersion }, value: 1 },
  ]),
  gauge('process_start_time_seconds', 'When the process started, in Unix seconds', [{ value: readings.startedAt }]),
  total('process_cpu_seconds', 'Processor time of all threads', readings.cpuSeconds),
  gauge('process_resident_memory_bytes', 'Memory the process holds', [{ value: readings.residentBytes }]),
  gauge('process_open_fds', 'Open files and sockets', given(readings.openFiles)),
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use', [{ value: readings.heapUsedBytes }]),
  gauge('nodejs_external_memory_bytes', 'Memory of buffers outside of the heap', [{ value: readings.externalBytes }]),
  total('privyseal_event_loop_active_seconds', 'Time in which the event loop was busy', readings.loopActiveSeconds),
  total('privyseal_event_loop_idle_seconds', 'Time in which the event loop waited', readings.loopIdleSeconds),
  gauge('privyseal_event_loop_delay_p50_seconds', 'By how much the event loop came late half of the time', [
    { value: readings.loopDelay.p50Seconds },
  ]),
  gauge('privyseal_event_loop_delay_p99_seconds', 'By how much it came late one time in a hundred', [
    { value: readings.loopDelay.p99Seconds },
  ]),
  gauge('privyseal_event_loop_delay_max_seconds', 'By how much it came late at worst in the last minutes', [
    { value: readings.loopDelay.maximumSeconds },
  ]),
];

const total = (name: string, help: string, value: number): MetricFamily => ({
  name,
  help,
  type: 'counter',
  samples: [{ suffix: '_total', labels: {}, value }],
});

const given = (value: number | undefined): GaugeReading[] => (value === undefined ? [] : [{ value }]);
