/** Comes back for the certificate of a request that waits for approval, once, or until it has ended. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import type { CertificateJson } from '../../../api/certificate.ts';
import type { PendingRequestJson } from '../../../api/request.ts';
import type { PrivysealClient } from '../../../client/client.ts';
import { ClientProblem } from '../../../client/failure.ts';
import type { Outcome } from '../../../client/request-calls.ts';
import type { Ending } from '../exit-codes.ts';
import { mayPass } from '../may-pass.ts';
import type { Session } from '../session.ts';
import { stageFileSet } from './file-set.ts';
import { certificateFiles, keyFile, reportIssued, writeChecked } from './issued-files.ts';
import { type KeptRequest, pendingFile, readPending, reportPending } from './pending-request.ts';

/** `folder` is one that `request` wrote. With `untilItEnds` it may take as long as the request lives. */
export async function waitFor(session: Session, folder: string, untilItEnds: boolean): Promise<Ending> {
  const kept = await readPending(folder);
  const client = await session.publicClient('product');
  const ask = untilItEnds ? askUntilItEnds(session, client, kept) : client.collect(kept.id, 0);
  const outcome = await ask.catch((error: unknown) => {
    if (hasEnded(error)) session.note([`Nothing will come of ${folder}: remove it, and request anew.`]);
    throw error;
  });
  if (outcome.kind === 'request') return reportPending(session, outcome.request, folder);
  return takeInto(folder, outcome.certificate, { session, client, kept });
}

async function takeInto(
  folder: string,
  certificate: CertificateJson,
  {
    session,
    client,
    kept,
  }: { readonly session: Session; readonly client: PrivysealClient; readonly kept: KeptRequest },
): Promise<Ending> {
  const files = await stageFileSet(folder, certificateFiles);
  try {
    const written = await writeChecked(certificate, { session, client, files, ...kept });
    // Last: until the certificate is in place, it can be asked for again.
    await rm(join(folder, pendingFile));
    reportIssued(session, certificate, folder, [keyFile, ...written]);
    return 'ok';
  } finally {
    await files.discard();
  }
}

/** Less than an exchange may take, and than the service lets anybody wait. */
const waitSeconds = 25;
const pauseMs = 5_000;

/** A service that is restarted or busy meanwhile does not end the wait; it ends with the request. */
async function askUntilItEnds(
  session: Session,
  client: PrivysealClient,
  { id, expiresAt }: KeptRequest,
): Promise<Outcome<PendingRequestJson>> {
  const pause = session.io.pause ?? ((ms: number) => timer(ms));
  session.note([`Waiting for the approval of ${id}. Ctrl-C stops the waiting, not the request.`]);
  for (;;) {
    const askedAt = session.now();
    const isLast = askedAt > Date.parse(expiresAt) + waitSeconds * 1000;
    const outcome = await client.collect(id, waitSeconds).catch((error: unknown) => {
      if (isLast || !mayPass(error)) throw error;
    });
    if (outcome?.kind === 'certificate' || (outcome && isLast)) return outcome;
    // A service that lets nobody wait now answers at once.
    if (!outcome || session.now() - askedAt < pauseMs) await pause(pauseMs);
  }
}

const hasEnded = (error: unknown): boolean =>
  error instanceof ClientProblem &&
  error.reasons.some(({ code }) => code === 'requestDenied' || code === 'requestExpired');
