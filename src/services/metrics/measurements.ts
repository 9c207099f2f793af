/** What is counted as it happens: every counter and histogram of the service, by the act that moves it. */
import type { CaErrorCode } from '../../domain/errors.ts';
import type { MetricFamily } from '../../domain/records/metric.ts';
import { createCounter, createHistogram } from './instruments.ts';

/** An answer that left a face. `route` is a route's pattern, never a path: what a caller sends is no label. */
export interface AnsweredRequest {
  readonly face: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** All synchronous, about a microsecond each, and none ever fails. */
export interface Measurements {
  answered(request: AnsweredRequest): void;
  refused(face: string, code: CaErrorCode): void;
  /** Shows a refusal as 0 before the first one, so that its first increase is one. */
  mayRefuse(face: string, codes: readonly CaErrorCode[]): void;
  issued(certificate: { readonly environment: string; readonly profile: string; readonly seconds: number }): void;
  signed(authority: string, seconds: number): void;
  signerFailed(authority: string): void;
  /** Shows the signer of an authority before its first signature. */
  hasSigner(authority: string): void;
  families(): readonly MetricFamily[];
}

const requestBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const signatureBounds = [0.0001, 0.00025, 0.0005, ...requestBounds];

export function createMeasurements(): Measurements {
  const requests = createHistogram(
    {
      name: 'privyseal_http_request_duration_seconds',
      help: 'Time from the header of a request to the end of its answer, by route',
      labels: ['face', 'method', 'route'],
    },
    requestBounds,
  );
  const responses = createCounter({
    name: 'privyseal_http_responses',
    help: 'Answers by route and status',
    labels: ['face', 'method', 'route', 'status'],
  });
  const refusals = createCounter({
    name: 'privyseal_refused',
    help: 'Requests answered with a problem, by its code',
    labels: ['face', 'code'],
  });
  const certificates = createCounter({
    name: 'privyseal_certificates_issued',
    help: 'Certificates signed and recorded; those of the service itself are of the environment system',
    labels: ['environment', 'profile'],
  });
  const issuing = createHistogram(
    {
      name: 'privyseal_issue_duration_seconds',
      help: 'Time from a judged request to the durable certificate: two commits and a signature',
      labels: [],
    },
    requestBounds,
  );
  const signatures = createHistogram(
    {
      name: 'privyseal_signer_duration_seconds',
      help: 'Time that the signer of an authority took for a signature, waiting included',
      labels: ['authority'],
    },
    signatureBounds,
  );
  const signerErrors = createCounter({
    name: 'privyseal_signer_errors',
    help: 'Signatures that the signer of an authority did not make',
    labels: ['authority'],
  });

  return {
    answered({ face, method, route, status, seconds }) {
      requests.observe([face, method, route], seconds);
      responses.add([face, method, route, String(status)]);
    },
    refused: (face, code) => refusals.add([face, code]),
    mayRefuse(face, codes) {
      for (const code of codes) refusals.add([face, code], 0);
    },
    issued({ environment, profile, seconds }) {
      certificates.add([environment, profile]);
      issuing.observe([], seconds);
    },
    signed: (authority, seconds) => signatures.observe([authority], seconds),
    signerFailed: (authority) => signerErrors.add([authority]),
    hasSigner: (authority) => signerErrors.add([authority], 0),
    families: () => [
      requests.family(),
      responses.family(),
      refusals.family(),
      certificates.family(),
      issuing.family(),
      signatures.family(),
      signerErrors.family(),
    ],
  };
}
