/** Submitting where the certificate comes at once, as it does unless a profile asks for approvals. */
import type { Caller } from '../../src/services/caller.ts';
import type { CertificateView, Services, SubmitInput, Submitted } from '../../src/services/services.ts';

interface Submitting {
  readonly services: Pick<Services, 'submitRequest' | 'rotateCertificate'>;
}

/** The certificate of a request that needs no approval; rejects as the service does. */
export const certified = async (
  { services }: Submitting,
  caller: Caller,
  input: SubmitInput,
): Promise<CertificateView> => certificateOf(await services.submitRequest(caller, input));

/** The successor, likewise. */
export const rotated = async (
  { services }: Submitting,
  caller: Caller,
  serial: string,
  input: SubmitInput,
): Promise<CertificateView> => certificateOf(await services.rotateCertificate(caller, serial, input));

function certificateOf(submitted: Submitted): CertificateView {
  if (submitted.kind === 'certificate') return submitted.view;
  throw new Error(`the request ${submitted.request.id} waits for approval`);
}
