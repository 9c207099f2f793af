import { describe, expect, it } from 'vitest';
import { type Deployment, type DeploymentState, deploymentState } from '../../../src/domain/records/deployment.ts';
import { deployment } from '../../support/deployment-builders.ts';

const [proved, deployed, failed, awaited] = (['proved', 'deployed', 'failed', 'awaited'] as const).map((outcome) =>
  deployment({ outcome }),
) as [Deployment, Deployment, Deployment, Deployment];
const other = 'ab'.repeat(20);

describe('the state of what is deployed', () => {
  it.each<[DeploymentState, string, readonly Deployment[]]>([
    ['none', 'no report', []],
    ['proved', 'proofs alone', [proved, deployment({ servedSerial: proved.serial })]],
    ['deployed', 'one that was not looked at', [proved, deployed]],
    ['behind', 'one that is awaited', [proved, awaited]],
    ['behind', 'one that serves another after all', [deployment({ outcome: 'deployed', servedSerial: other })]],
    ['failed', 'a failure that says nothing of what is served', [proved, failed]],
    [
      'failed',
      'a failure with the certificate itself served',
      [deployment({ ...failed, servedSerial: failed.serial })],
    ],
    ['failedBehind', 'a failure with another certificate served', [deployment({ ...failed, servedSerial: other })]],
    ['failedBehind', 'a failure here and an awaited one there', [failed, awaited]],
  ])('is %s with %s', (state, _what, deployments) => {
    expect(deploymentState(deployments)).toBe(state);
  });
});
