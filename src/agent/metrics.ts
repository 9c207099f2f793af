/** What the daemon counts, as the text that Prometheus reads. */
import type { TargetStatus } from '../domain/rotation/target-status.ts';
import type { TurnAct, TurnReport } from '../domain/rotation/turn-report.ts';

export interface Metrics {
  status(status: TargetStatus): void;
  turn(report: TurnReport): void;
  /** It is no longer tended. */
  forget(target: string): void;
  text(): string;
}

interface Gauge {
  readonly name: string;
  readonly help: string;
  /** Undefined: there is no such sample. */
  readonly of: (status: TargetStatus) => number | undefined;
}

const seconds = (time: string | null | undefined): number | undefined =>
  time == null ? undefined : Math.floor(Date.parse(time) / 1000);

const gauges: readonly Gauge[] = [
  {
    name: 'certificate_not_after_timestamp_seconds',
    help: 'Last second of the certificate in use.',
    of: ({ notAfter }) => seconds(notAfter),
  },
  {
    name: 'renewal_timestamp_seconds',
    help: 'When the certificate in use is to be rotated.',
    of: ({ renewal }) => seconds(renewal?.at),
  },
  {
    name: 'crl_next_update_timestamp_seconds',
    help: 'Earliest nextUpdate of the CRLs in use.',
    of: ({ crlNextUpdate }) => seconds(crlNextUpdate),
  },
  {
    name: 'next_attempt_timestamp_seconds',
    help: 'When the target is looked at again.',
    of: ({ nextAttemptAt }) => seconds(nextAttemptAt),
  },
  {
    name: 'last_issue_timestamp_seconds',
    help: 'When a certificate was last issued.',
    of: ({ rotatedAt }) => seconds(rotatedAt),
  },
  { name: 'failures', help: 'Attempts that failed since the last one that did not.', of: ({ failures }) => failures },
  {
    name: 'proved',
    help: '1 if the last handshake showed the certificate that it should, 0 if not.',
    of: ({ lastProof }) => (lastProof === null ? undefined : Number(lastProof.outcome === 'proved')),
  },
  {
    name: 'waiting_for_approval',
    help: '1 if a request waits for operators.',
    of: ({ waitingFor }) => Number(waitingFor !== null),
  },
];

const prefix = 'privyseal_agent_';

export function createMetrics(): Metrics {
  const statuses = new Map<string, TargetStatus>();
  const turns = new Map<string, Map<TurnAct, number>>();
  return {
    status: (status) => void statuses.set(status.target, status),
    turn({ target, act, status }) {
      statuses.set(target, status);
      const counts = turns.get(target) ?? new Map<TurnAct, number>();
      turns.set(target, counts.set(act, (counts.get(act) ?? 0) + 1));
    },
    forget(target) {
      statuses.delete(target);
      turns.delete(target);
    },
    text: () => `${[...gauges.flatMap((gauge) => gaugeLines(gauge, statuses)), ...turnLines(turns)].join('\n')}\n`,
  };
}

/** Names of targets need no escapes. */
function gaugeLines({ name, help, of }: Gauge, statuses: ReadonlyMap<string, TargetStatus>): string[] {
  const samples = [...statuses].flatMap(([target, status]) => {
    const value = of(status);
    return value === undefined ? [] : [`${prefix}${name}{target="${target}"} ${value}`];
  });
  return [`# HELP ${prefix}${name} ${help}`, `# TYPE ${prefix}${name} gauge`, ...samples];
}

function turnLines(turns: ReadonlyMap<string, ReadonlyMap<TurnAct, number>>): string[] {
  const samples = [...turns].flatMap(([target, counts]) =>
    [...counts].map(([act, count]) => `${prefix}turns_total{target="${target}",act="${act}"} ${count}`),
  );
  const head = [`# HELP ${prefix}turns_total Turns by what they came to.`, `# TYPE ${prefix}turns_total counter`];
  const memory = `${prefix}resident_memory_bytes`;
  const octets = process.memoryUsage.rss();
  return [
    ...head,
    ...samples,
    `# HELP ${memory} Memory of the agent.`,
    `# TYPE ${memory} gauge`,
    `${memory} ${octets}`,
  ];
}
