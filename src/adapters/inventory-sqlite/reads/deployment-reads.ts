/** Reads of what targets reported of certificates. */
import type { Deployment } from '../../../domain/records/deployment.ts';
import type { DeploymentStore } from '../../../ports/deployment-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets, splitNames } from '../rows/certificate-row.ts';
import { asked } from './point-reads.ts';

/** Those of one certificate, by target. */
export const deploymentsOf = `SELECT target, outcome, endpoint, served_serial, detail, trust, reported_at, reporter
  FROM deployments WHERE certificate = (SELECT id FROM certificates WHERE serial = ?) ORDER BY target`;

/** The newest report of each target: SQLite takes the other columns from the row of the maximum. */
const reportedTrust = `SELECT d.target, d.trust, max(d.reported_at) FROM certificates AS c JOIN deployments AS d
  ON d.certificate = c.id WHERE c.owner = ? AND c.purpose = 'product' AND c.state = 'issued' AND c.not_after >= ?
  AND d.outcome <> 'awaited' GROUP BY d.target`;
const newestCertificates = `SELECT count(*), coalesce(sum(deployment = 'none'), 0) FROM certificates
  WHERE owner = ? AND purpose = 'product' AND state = 'issued' AND not_after >= ? AND successor IS NULL`;

/** Each is one range of an index; a test asks SQLite for the plan of every one. */
export const deploymentLookUps = { deploymentsOf, newestCertificates } as const;

export type DeploymentRow = readonly [
  target: string,
  outcome: Deployment['outcome'],
  endpoint: string | null,
  servedSerial: string | null,
  detail: string | null,
  trust: string,
  reportedAt: number,
  reporter: string,
];

export const deploymentOf = (serial: string, row: DeploymentRow): Deployment => ({
  serial,
  target: row[0],
  outcome: row[1],
  endpoint: row[2],
  servedSerial: row[3],
  detail: row[4],
  trustSha256: splitNames(row[5]),
  reportedAt: row[6],
  reporter: row[7],
});

export function deploymentReads(connection: Statements): Pick<DeploymentStore, 'deployments' | 'reportedTrust'> {
  const all = connection.prepare<[Buffer], DeploymentRow>(deploymentsOf).raw();
  const trust = connection.prepare<[string, number], readonly [string, string, number]>(reportedTrust).raw();
  const newest = connection.prepare<[string, number], readonly [number, number]>(newestCertificates).raw();
  return {
    reportedTrust: asked((product: string, now: number) => {
      const [certificates, unreported] = newest.get(product, now) ?? [0, 0];
      const targets = trust
        .all(product, now)
        .map(([target, roots, reportedAt]) => ({ target, trustSha256: splitNames(roots), reportedAt }));
      return { certificates, unreported, targets };
    }),
    deployments: asked((serial: string) => all.all(serialOctets(serial)).map((row) => deploymentOf(serial, row))),
  };
}
