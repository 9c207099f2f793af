/** The answer to an Idempotency-Key again: the certificate it brought, as it was when it was issued. */
import { CaError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { actorOf, type Caller } from '../caller.ts';
import { type ViewDeps, viewOf } from '../inventory/view-certificate.ts';
import { pauseFor } from '../pause.ts';
import { answerRequest } from '../requests/request-answer.ts';
import type { CertificateView, SubmitInput, Submitted } from '../services.ts';

const tries = 50;
const pauseMs = 100;

/**
 * The certificate of an earlier request with the same key and body, or that request while it waits; undefined without one. To be
 * asked before anything is judged: what has become of product, token or predecessor since then does not change what was
 * answered. CaError `idempotencyConflict`.
 */
export async function repeatedAnswer(
  deps: ViewDeps & { readonly clock: Pick<Clock, 'now'> },
  caller: Caller,
  { idempotency }: Pick<SubmitInput, 'idempotency'>,
): Promise<Submitted | undefined> {
  if (!idempotency) return undefined;
  const key = { scope: actorOf(caller), ...idempotency };
  const known = await deps.inventory.idempotentOutcome(key, deps.clock.now());
  if (known?.kind === 'idempotencyConflict') throw idempotencyConflict();
  if (known?.kind === 'replayRequest') return answerRequest(deps, known.request);
  return known && { kind: 'certificate', view: await repeatOf(deps, known.serial) };
}

/** The first request may still be between its intent and its certificate: it is waited for. */
export async function repeatOf(deps: ViewDeps, serial: string): Promise<CertificateView> {
  for (let tried = 0; tried < tries; tried++) {
    const record = await deps.inventory.certificate(serial);
    if (record?.state === 'intent') {
      await pauseFor(pauseMs);
      continue;
    }
    // In this order: once the record says that it was issued, its DER is there.
    const der = record && (await deps.inventory.certificateDer(serial));
    if (!record || !der) break;
    return viewOf(deps, { ...record, state: 'issued', revocation: null, successor: null }, der);
  }
  throw new CaError('conflict', 'The first request with this Idempotency-Key has not ended. Try again.', {
    retryAfterSeconds: 2,
  });
}

export const idempotencyConflict = (): CaError =>
  new CaError('idempotencyConflict', 'This Idempotency-Key was used with another body. Use a new key.');
