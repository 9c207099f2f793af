/** The act that keeps what a target reports of a certificate, and what all its targets come to. */
import { type Deployment, deploymentState, mostTargets } from '../../../domain/records/deployment.ts';
import type { ReportedDeployment } from '../../../ports/deployment-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { type DeploymentRow, deploymentOf, deploymentsOf } from '../reads/deployment-reads.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';

interface Certificate {
  readonly id: number;
  readonly serial: string;
  /** Empty without one. */
  readonly successor: string;
}

export function deploymentActs(connection: Statements, audit: AuditChain): Pick<Acts, 'recordDeployment'> {
  const find = connection.prepare<[Buffer], Certificate>(
    `SELECT id, lower(hex(serial)) AS serial, lower(hex(successor)) AS successor FROM certificates
     WHERE serial = ? AND issued_at IS NOT NULL`,
  );
  const known = connection
    .prepare<[number, string], number>('SELECT 1 FROM deployments WHERE certificate = ? AND target = ?')
    .pluck();
  const count = connection.prepare<[number], number>('SELECT count(*) FROM deployments WHERE certificate = ?').pluck();
  const replace = connection.prepare(
    `INSERT OR REPLACE INTO deployments (certificate, target, outcome, endpoint, served_serial, detail, trust, reported_at,
       reporter) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const all = connection.prepare<[Buffer], DeploymentRow>(deploymentsOf).raw();
  const setState = connection.prepare('UPDATE certificates SET deployment = ? WHERE id = ?');

  const isFull = (id: number, target: string): boolean =>
    known.get(id, target) === undefined && (count.get(id) ?? 0) >= mostTargets;
  const put = (id: number, { target, outcome, ...rest }: Omit<Deployment, 'serial'>): void => {
    const { endpoint, servedSerial, detail, trustSha256, reportedAt, reporter } = rest;
    replace.run(id, target, outcome, endpoint, servedSerial, detail, trustSha256.join('\n'), reportedAt, reporter);
  };
  const settle = ({ id, serial }: Certificate): void => {
    const deployments = all.all(serialOctets(serial)).map((row) => deploymentOf(serial, row));
    setState.run(deploymentState(deployments), id);
  };
  /** What is served there is the predecessor, again or still. */
  const awaitSuccessor = (successor: Certificate, report: ReportedDeployment): void => {
    if (isFull(successor.id, report.target)) return;
    const { target, endpoint, serial: servedSerial, reportedAt } = report;
    const awaited = { target, outcome: 'awaited', endpoint, servedSerial, detail: null } as const;
    put(successor.id, { ...awaited, trustSha256: [], reportedAt, reporter: 'service' });
    settle(successor);
  };

  return {
    recordDeployment(reported, entry) {
      const certificate = find.get(serialOctets(reported.serial));
      if (!certificate) return { kind: 'notFound' };
      if (isFull(certificate.id, reported.target)) return { kind: 'tooManyTargets' };
      put(certificate.id, reported);
      settle(certificate);
      const successor = find.get(serialOctets(certificate.successor));
      if (successor && reported.outcome !== 'failed') awaitSuccessor(successor, reported);
      audit.append(entry);
      return { kind: 'kept', deployment: reported };
    },
  };
}
