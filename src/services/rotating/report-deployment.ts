/** Keeps what a target says of a certificate that it was given, and shows it again. */
import { CaError, type Reason } from '../../domain/errors.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import { type DeploymentReport, mostTargets } from '../../domain/records/deployment.ts';
import { refuse, refuseIfAny } from '../../domain/refusal.ts';
import { parseSerial } from '../../domain/x509/serial.ts';
import type { Clock } from '../../ports/clock.ts';
import { actorOf, type Caller } from '../caller.ts';
import { findVisible, type ViewDeps } from '../inventory/view-certificate.ts';
import type { DeploymentServices } from './deployment-services.ts';

export interface DeploymentDeps extends ViewDeps {
  readonly clock: Clock;
}

export const createDeploymentServices = (deps: DeploymentDeps): DeploymentServices => ({
  async reportDeployment(caller, serialText, input) {
    const record = await findVisible(deps, caller, serialText);
    refuseTokenOfAnotherProfile(caller, record);
    const report = checked(record, input);
    const { target, outcome, endpoint, servedSerial } = report;
    const [at, actor] = [deps.clock.now(), actorOf(caller)];
    const details = { target, outcome, endpoint: endpoint && printable(endpoint), servedSerial };
    const kept = await deps.inventory.recordDeployment(
      { ...report, serial: record.serial, reportedAt: at, reporter: actor },
      { at, actor, kind: 'certificate.deployed', object: `certificate:${record.serial}`, details },
    );
    if (kept.kind === 'kept') return kept.deployment;
    throw new CaError('conflict', kept.kind === 'notFound' ? neverIssued : tooManyTargets);
  },
  async listDeployments(caller, serialText) {
    const { serial } = await findVisible(deps, caller, serialText);
    return deps.inventory.deployments(serial);
  },
});

const neverIssued = 'This certificate was never issued, or is in the archive; nothing is reported of it any more.';
const tooManyTargets = `This certificate has reports of ${mostTargets} other targets already. Give each place a certificate of its own.`;

/** A token speaks for what it could have asked for, also when its uses are used up: a report takes none. */
function refuseTokenOfAnotherProfile(caller: Caller, { profile }: CertificateRecord): void {
  if (caller.kind !== 'token' || caller.profiles.includes(profile)) return;
  const message = `The token is not for the profile ${profile} of this certificate. Report with one that is, or over mTLS.`;
  refuse([{ code: 'tokenNotForProfile', message }]);
}

/** With the serials in canonical text. */
function checked({ serial }: CertificateRecord, input: DeploymentReport): DeploymentReport {
  const servedSerial = input.servedSerial === null ? null : parseSerial(input.servedSerial);
  const reasons: Reason[] = [];
  if (servedSerial === undefined) {
    reasons.push({ code: 'invalidField', field: 'servedSerial', message: 'The servedSerial is no serial number.' });
  } else if (input.outcome === 'proved' && servedSerial !== null && servedSerial !== serial) {
    reasons.push({
      code: 'invalidField',
      field: 'servedSerial',
      message: 'The handshake showed another certificate, which proves nothing of this one. Report `failed`.',
      value: servedSerial,
    });
  }
  refuseIfAny(reasons);
  return { ...input, servedSerial: servedSerial ?? null };
}
