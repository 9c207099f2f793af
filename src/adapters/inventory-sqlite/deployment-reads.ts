/** Reads of what targets reported of certificates. */
import type { Deployment } from '../../domain/records/deployment.ts';
import type { DeploymentStore } from '../../ports/deployment-store.ts';
import { serialOctets, splitNames } from './certificate-row.ts';
import type { Connection } from './connection.ts';
import { asked } from './point-reads.ts';

/** Those of one certificate, by target. */
export const deploymentsOf = `SELECT target, outcome, endpoint, served_serial, detail, trust, reported_at, reporter
  FROM deployments WHERE certificate = (SELECT id FROM certificates WHERE serial = ?) ORDER BY target`;

/** Each is one range of an index; a test asks SQLite for the plan of every one. */
export const deploymentLookUps = { deploymentsOf } as const;

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

export function deploymentReads(connection: Connection): Pick<DeploymentStore, 'deployments'> {
  const all = connection.prepare<[Buffer], DeploymentRow>(deploymentsOf).raw();
  return {
    deployments: asked((serial: string) => all.all(serialOctets(serial)).map((row) => deploymentOf(serial, row))),
  };
}
