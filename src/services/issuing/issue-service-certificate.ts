/** Certificates the service needs itself: authorities, operators, its TLS servers, OCSP responders; same path as products'. */
import { CaError } from '../../domain/errors.ts';
import { prepareServiceCertificate, type ServiceRecipe } from '../../domain/policy/service-profiles.ts';
import type { CertificatePurpose, CertificateRecord } from '../../domain/records/certificate.ts';
import type { Authority } from '../../domain/records/environment.ts';
import { makeSerial } from '../../domain/x509/serial.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Signer } from '../../ports/vault.ts';
import type { ActiveAuthority } from '../authorities/authority-directory.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { IssueCertificate, IssueInput, IssueOutcome } from './issue-certificate.ts';

/** An authority that signs its own certificate. */
export interface SelfIssuer {
  readonly authority: Authority;
  readonly signer: Signer;
}

export interface ServiceCertificateInput {
  readonly recipe: ServiceRecipe;
  readonly issuer: ActiveAuthority | { readonly self: SelfIssuer };
  readonly owner: string;
  readonly publicKeyDer: Uint8Array;
  readonly commonName: string;
  /** See ServiceCertificateRequest. */
  readonly subjectDer?: Uint8Array;
  /** GeneralName plain text. */
  readonly names: readonly string[];
  readonly lifetimeSeconds?: number;
  readonly requestedBy?: string;
  readonly idempotency?: IssueInput['idempotency'];
  readonly holder?: IssueInput['holder'];
  /** Issue although the clock is not believed: only for the service's own TLS servers, which must be able to say so. */
  readonly ignoreClock?: boolean;
}

/** For what operators ask for, who may ask twice, or with a key that is another's. */
export type RequestServiceCertificate = (input: ServiceCertificateInput) => Promise<IssueOutcome>;

export type IssueServiceCertificate = (
  input: ServiceCertificateInput,
) => Promise<{ readonly record: CertificateRecord; readonly der: Uint8Array }>;

export interface IssueServiceCertificateDeps {
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly issue: IssueCertificate;
}

export function createRequestServiceCertificate(deps: IssueServiceCertificateDeps): RequestServiceCertificate {
  return async (input) => {
    if (!input.ignoreClock) deps.clock.assertSafe();
    const nowMs = deps.clock.now();
    const serial = makeSerial(nowMs, deps.randomness.bytes(16));
    const { authority, signer } = 'self' in input.issuer ? input.issuer.self : input.issuer;
    const prepared = prepareServiceCertificate(
      input.recipe,
      'self' in input.issuer ? { self: { signatureAlgorithm: signer.algorithm } } : input.issuer.facts,
      {
        commonName: input.commonName,
        ...(input.subjectDer && { subjectDer: input.subjectDer }),
        names: input.names,
        spkiDer: input.publicKeyDer,
        ...(input.lifetimeSeconds !== undefined && { lifetimeSeconds: input.lifetimeSeconds }),
        now: Math.floor(nowMs / 1000),
        serial,
      },
    );
    return deps.issue({
      serial,
      prepared,
      signer,
      authority: authority.name,
      issuerSerial: 'self' in input.issuer ? serial : input.issuer.certificate.serial,
      purpose: input.recipe.purpose satisfies CertificatePurpose,
      environment: authority.environment,
      owner: input.owner,
      requestedBy: input.requestedBy ?? 'service',
      ...(input.idempotency && { idempotency: input.idempotency }),
      ...(input.holder && { holder: input.holder }),
    });
  };
}

export const createIssueServiceCertificate =
  (request: RequestServiceCertificate): IssueServiceCertificate =>
  async (input) => {
    const outcome = await request(input);
    // Neither token nor Idempotency-Key nor predecessor is involved, so nothing else can come back.
    if (outcome.kind !== 'issued') throw new CaError('serverInternal', `Unexpected outcome ${outcome.kind}.`);
    return { record: outcome.record, der: outcome.der };
  };
