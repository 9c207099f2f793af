/** `privyseal request`: makes the key here, has it certified, and writes all as one set, or what is needed to come back for it. */

import { keyPem, makeCsr, makeLocalKey } from '../../../client/local-key.ts';
import type { GeneralName } from '../../../domain/x509/general-name.ts';
import type { KeyType } from '../../../domain/x509/key-type.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { stageFileSet } from './file-set.ts';
import { certificateFiles, folderSafe, keyFile, reportIssued, writeChecked } from './issued-files.ts';
import { pendingFile, pendingText, reportPending } from './pending-request.ts';
import { waitFor } from './wait-for-request.ts';

export interface RequestOptions {
  readonly out?: string;
  readonly profile?: string;
  /** Seconds. */
  readonly lifetime?: number;
  readonly keyType: KeyType;
  readonly wait?: boolean;
  /** Folder of a request from before. */
  readonly continue?: string;
}

export async function request(
  session: Session,
  names: readonly GeneralName[],
  { continue: earlier, ...options }: RequestOptions,
): Promise<Ending> {
  if (earlier !== undefined) return continueRequest(session, names, earlier, options);
  if (names.length > 0) return requestAnew(session, names, options);
  throw new CliError('usage', 'There is no name. Say what to certify, like demo.dev.internal, or --continue DIR.');
}

async function continueRequest(
  session: Session,
  names: readonly GeneralName[],
  earlier: string,
  { out, profile, lifetime, wait }: Omit<RequestOptions, 'continue'>,
): Promise<Ending> {
  if (names.length > 0 || out !== undefined || profile !== undefined || lifetime !== undefined) {
    throw new CliError('usage', '--continue takes up what was asked for before: beside it goes only --wait.');
  }
  return waitFor(session, session.path(earlier), wait === true);
}

async function requestAnew(
  session: Session,
  names: readonly GeneralName[],
  options: Omit<RequestOptions, 'continue'>,
): Promise<Ending> {
  const client = await session.publicClient('product');
  const folder = session.path(options.out ?? folderName(names[0]!));
  const files = await stageFileSet(folder, [keyFile, ...certificateFiles, pendingFile]);
  try {
    const key = await makeLocalKey(options.keyType);
    // On disk before the service is asked: a full disk shows before there is a certificate without its key.
    await files.write(keyFile, keyPem(key), 0o600);
    const outcome = await client.submit({
      csr: makeCsr(key, names),
      ...(options.profile !== undefined && { profile: options.profile }),
      ...(options.lifetime !== undefined && { lifetimeSeconds: options.lifetime }),
    });
    if (outcome.kind === 'certificate') {
      const { certificate } = outcome;
      const written = await writeChecked(certificate, { session, client, files, names, spkiDer: key.spkiDer });
      reportIssued(session, certificate, folder, [keyFile, ...written]);
      return 'ok';
    }
    await files.write(pendingFile, pendingText(outcome.request, names), 0o644);
    await files.commit();
    if (!options.wait) return reportPending(session, outcome.request, folder);
  } finally {
    await files.discard();
  }
  return waitFor(session, folder, true);
}

/** `demo.dev.internal`; a wildcard's `*` and a URI's `/` have no place in a folder's name. */
const folderName = (name: GeneralName): string => folderSafe(name.value.replace(/^\*\./, 'wildcard.'));
