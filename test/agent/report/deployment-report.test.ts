/** What the service is told of a target: a handshake speaks for the certificate that it showed, where it was, and for no other. */
import { expect, it } from 'vitest';
import type { CredentialSet } from '../../../src/agent/files/credential-set.ts';
import { keepReport } from '../../../src/agent/report/deployment-report.ts';
import type { TurnContext } from '../../../src/agent/turn/turn-context.ts';
import type { TargetProof, UnreportedDeployment } from '../../../src/domain/rotation/target-status.ts';

const [own, other] = ['01', '02'];

const proofOf = (override: Partial<TargetProof> = {}): TargetProof => ({
  at: '2026-01-01T00:00:00Z',
  outcome: 'proved',
  endpoint: 'web:443',
  serverName: 'web',
  client: 'none',
  serial: own!,
  detail: '',
  ...override,
});

async function reported(lastProof: TargetProof | null, given: { hasProof?: boolean; error?: Error } = {}) {
  let kept: UnreportedDeployment | null | undefined;
  const context = {
    target: given.hasProof === false ? {} : { proof: { host: 'web', port: 443 } },
    state: {
      status: { lastProof },
      save: async ({ unreported }: { unreported: UnreportedDeployment | null }) => {
        kept = unreported;
      },
    },
  } as unknown as TurnContext;
  const set = { facts: { serial: own }, trustPem: '' } as unknown as CredentialSet;
  await keepReport(context, set, given.error);
  return kept;
}

it('a handshake that showed this certificate proves it', async () => {
  expect(await reported(proofOf())).toMatchObject({ outcome: 'proved', endpoint: 'web:443', servedSerial: own });
});

it.each([
  ['there was none yet', null],
  ['showed another certificate', proofOf({ serial: other! })],
  ['failed', proofOf({ outcome: 'failed', serial: other! })],
  ['was elsewhere', proofOf({ endpoint: 'web:8443' })],
  ['asked for another name', proofOf({ serverName: 'www' })],
  ['showed a certificate of its own', proofOf({ client: 'own' })],
])('a handshake that %s proves nothing', async (_what, lastProof) => {
  expect(await reported(lastProof)).toMatchObject({ outcome: 'deployed', endpoint: null, servedSerial: null });
});

it('a target without a proof is deployed', async () => {
  expect(await reported(null, { hasProof: false })).toMatchObject({ outcome: 'deployed', endpoint: null });
});

it('a failure says where, and what was served there', async () => {
  const lastProof = proofOf({ outcome: 'failed', serial: other! });
  const told = { outcome: 'failed', endpoint: 'web:443', servedSerial: other, detail: 'it serves another' };
  expect(await reported(lastProof, { error: new Error('it serves another') })).toMatchObject(told);
});
