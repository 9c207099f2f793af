/** Tells the service what became of a certificate here; what could not be told is kept and told later, and stops nothing. */
import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import type { DeploymentBody } from '../../api/deployment.ts';
import { ClientProblem } from '../../client/failure.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { UnreportedDeployment } from '../../domain/rotation/target-status.ts';
import { type CredentialSet, canAuthenticate, trustFingerprints } from '../files/credential-set.ts';
import { endpointOf, isOfProof } from '../proof/endpoint.ts';
import { serviceTrust } from '../trust/service-trust.ts';
import type { TurnContext } from '../turn/turn-context.ts';

const longestDetail = 500;
const mostRoots = 20;

/** Of a set that is in use, or, with the error, could not be put to use. A handshake counts only for what it showed, and where. */
export async function keepReport({ state, target }: TurnContext, set: CredentialSet, error?: unknown): Promise<void> {
  const { lastProof } = state.status;
  const endpoint = target.proof ? endpointOf(target.proof) : null;
  const proof = target.proof && lastProof && isOfProof(lastProof, target.proof) ? lastProof : null;
  const isProved = proof?.outcome === 'proved' && proof.serial === set.facts.serial;
  const isLookedAt = error !== undefined || isProved;
  const report: UnreportedDeployment = {
    serial: set.facts.serial,
    outcome: error !== undefined ? 'failed' : isProved ? 'proved' : 'deployed',
    endpoint: isLookedAt ? endpoint : null,
    servedSerial: isLookedAt ? (proof?.serial ?? null) : null,
    detail: error === undefined ? null : printable((error as Error).message, longestDetail - 3),
    trustSha256: trustFingerprints(set).slice(0, mostRoots),
  };
  await state.save({ unreported: report });
}

/** A service whose own authority is followed by another waits until every target was heard of with the new root. */
export async function keepNewsOfServiceTrust(context: TurnContext): Promise<void> {
  const { state, store, file } = context;
  const serviceTrustSha256 = hash('sha256', await serviceTrust(file), 'hex');
  const { serviceTrustSha256: before, unreported } = state.status;
  if (before === serviceTrustSha256) return;
  const inUse = await store.inUse();
  if (before !== null && unreported === null && inUse !== null) await keepReport(context, await store.read(inUse));
  await state.save({ serviceTrustSha256 });
}

/** As the certificate in use, or with the token where that one is for servers alone. Never rejects. */
export async function sendReport(context: TurnContext): Promise<void> {
  const { state, store, access, target, log } = context;
  const report = state.status.unreported;
  if (report === null) return;
  try {
    const inUse = await store.inUse();
    if (inUse === null) return;
    const set = await store.read(inUse);
    const client = await (canAuthenticate(set) ? access.as(set) : access.withToken());
    await client.reportDeployment(report.serial, bodyOf(context, report));
    await state.save({ unreported: null });
  } catch (error) {
    log({
      level: 'warn',
      target: target.name,
      message: `the report of ${report.serial} was not taken: ${(error as Error).message}`,
    });
    if (isFinal(error)) await state.save({ unreported: null }).catch(() => {});
  }
}

/** What the service refuses now it refuses later, too, unless operators release what they hold. */
const isFinal = (error: unknown): boolean =>
  error instanceof ClientProblem &&
  error.status < 500 &&
  error.status !== 429 &&
  !error.reasons.some(({ code }) => code === 'certificateHeld');

function bodyOf({ file, target }: TurnContext, report: UnreportedDeployment): DeploymentBody {
  const host = (file.host ?? hostname()).replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 35);
  const { outcome, endpoint, servedSerial, detail, trustSha256 } = report;
  return {
    target: `${host}/${target.name}`,
    outcome,
    trustSha256: [...trustSha256],
    ...(endpoint !== null && { endpoint }),
    ...(servedSerial !== null && { servedSerial }),
    ...(detail !== null && detail !== '' && { detail }),
  };
}
