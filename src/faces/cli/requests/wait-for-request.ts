/** Comes back for the certificate of a request that waits for approval, once, or until it has ended. */
import { readdir, readFile, rm } from 'node:fs/promises';
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
import { type FileSet, stageFileSet } from './file-set.ts';
import { certificateFiles, filesOf, keyFile, reportIssued, writeChecked } from './issued-files.ts';
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
  const end = async (written: readonly string[]): Promise<Ending> => {
    // Last: until the certificate is in place, it can be asked for again.
    await rm(join(folder, pendingFile));
    reportIssued(session, certificate, folder, [keyFile, ...written]);
    return 'ok';
  };
  let files: FileSet | undefined;
  try {
    files = await stageFileSet(folder, certificateFiles);
    return await end(await writeChecked(certificate, { session, client, files, ...kept }));
  } catch (error) {
    const placed = files === undefined ? await placedBefore(folder, certificate) : undefined;
    if (placed === undefined) throw error;
    return end(placed);
  } finally {
    await files?.discard();
  }
}

/** The files of a run that was killed when they had their names, and only the note was left to be removed. */
async function placedBefore(folder: string, certificate: CertificateJson): Promise<string[] | undefined> {
  const names = filesOf(certificate);
  const found: readonly string[] = await readdir(folder).catch(() => []);
  const [first] = certificateFiles;
  const pem = await readFile(join(folder, first!), 'utf8').catch(() => '');
  return pem.trim() === certificate.certificate.trim() && names.every((name) => found.includes(name))
    ? names
    : undefined;
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
