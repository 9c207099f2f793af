/** Valid deployments with one override, as the inventory keeps them and as REST shows them. */
import type { DeploymentJson } from '../../src/api/deployment.ts';
import type { Deployment, DeploymentReport } from '../../src/domain/records/deployment.ts';
import { frozenNow } from './inventory-builders.ts';
import { hierarchy } from './services-double.ts';

export const deploymentReport = (override: Partial<DeploymentReport> = {}): DeploymentReport => ({
  target: 'web-1',
  outcome: 'proved',
  endpoint: 'web-1.dev.internal:443',
  servedSerial: null,
  detail: null,
  trustSha256: [],
  ...override,
});

export const deployment = (override: Partial<Deployment> = {}): Deployment => ({
  ...deploymentReport(),
  serial: hierarchy.leaf.serial,
  outcome: 'proved',
  reportedAt: frozenNow,
  reporter: 'product:dev/demo',
  ...override,
});

export const makeDeploymentJson = (override: Partial<DeploymentJson> = {}): DeploymentJson => ({
  serial: '01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0',
  target: 'web-1',
  outcome: 'proved',
  endpoint: 'web-1.dev.internal:443',
  servedSerial: '01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0',
  detail: null,
  trustSha256: [],
  reportedAt: '2026-11-21T05:00:00.000Z',
  reporter: 'product:dev/demo',
  ...override,
});
