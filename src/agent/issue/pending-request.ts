/** Requests to the service that are not answered yet, one of a kind, kept on disk with their keys: a crash makes no second certificate. */
import { createPrivateKey, createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keyPem, makeCsr, makeLocalKey } from '../../client/local-key.ts';
import { parseGeneralName } from '../../domain/x509/general-name.ts';
import { syncFolder } from '../../files/sync-folder.ts';
import { replaceFile, writeNewFile } from '../../files/whole-file.ts';
import type { TargetConfig } from '../config/agent-schema.ts';
import { readIfThere, writingIn } from '../files/disk-refusals.ts';

/** `enrol`: with the token; `rotate`: as the certificate that it follows. */
export type RequestKind = 'enrol' | 'rotate';

export interface PendingRequest {
  readonly kind: RequestKind;
  /** Of a rotation. */
  readonly predecessor: string | null;
  readonly idempotencyKey: string;
  /** PEM. */
  readonly csr: string;
  readonly names: readonly string[];
  readonly profile: string | null;
  readonly lifetimeSeconds: number | null;
  readonly keyType: string;
  /** Once the service has it and waits for approval. */
  readonly requestId: string | null;
}

export interface KeptRequest extends PendingRequest {
  /** PKCS#8. */
  readonly keyPem: string;
  readonly spkiDer: Uint8Array;
  /** Made by this turn: nobody has been asked before. */
  readonly isNew: boolean;
}

/** One of each: operators who take their time over other names keep nobody from rotating what is in use. */
const kinds: readonly RequestKind[] = ['enrol', 'rotate'];
const folderOf = (own: string, kind: RequestKind): string => join(own, `pending-${kind}`);
const requestFile = 'request.json';
const keyFile = 'key.pem';

/** A rotation of this certificate that was begun, and may be answered by now. */
export async function rotationBegun(own: string, predecessor: string): Promise<PendingRequest | undefined> {
  const kept = await readKept(own, 'rotate');
  return kept?.predecessor === predecessor ? kept : undefined;
}

/**
 * The request of this kind that waits, if it asks for what the target asks for now; a new one with a new key otherwise. A rotation
 * that was begun stays, whatever kind of key or lifetime is asked for by now: the service may have answered it, and a certificate
 * has one successor.
 */
export async function keepRequest(
  own: string,
  target: TargetConfig,
  { kind, predecessor }: Pick<PendingRequest, 'kind' | 'predecessor'>,
): Promise<KeptRequest> {
  const wanted = {
    ...{ kind, predecessor, names: target.names, profile: target.profile ?? null },
    ...(kind === 'enrol' && wishesOf(target)),
  };
  const kept = await readKept(own, kind);
  if (kept && agrees(kept, wanted)) return kept;
  await dropRequest(own, kind);
  return writingIn(own, () => makeRequest(own, target, { ...wanted, ...wishesOf(target) }));
}

/** Whether it asks for the kind of key and the lifetime that the file asks for now. */
export const isAsWished = (kept: PendingRequest, target: TargetConfig): boolean => agrees(kept, wishesOf(target));

const wishesOf = ({ keyType, lifetimeSeconds }: TargetConfig) => ({
  keyType,
  lifetimeSeconds: lifetimeSeconds ?? null,
});

const agrees = (kept: PendingRequest, wanted: Partial<PendingRequest>): boolean =>
  Object.entries(wanted).every(([key, value]) => same(value, kept[key as keyof PendingRequest]));

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

async function makeRequest(
  own: string,
  { keyType, names }: TargetConfig,
  wanted: Omit<PendingRequest, 'idempotencyKey' | 'csr' | 'requestId'>,
): Promise<KeptRequest> {
  const key = await makeLocalKey(keyType);
  const parsed = names.map((name) => parseGeneralName(name)!);
  const request = { ...wanted, idempotencyKey: randomUUID(), csr: makeCsr(key, parsed), requestId: null };
  const kept = { ...request, keyPem: keyPem(key), spkiDer: key.spkiDer, isNew: true };
  await writeRequest(own, kept);
  return kept;
}

async function writeRequest(own: string, kept: KeptRequest): Promise<void> {
  // Whole under another name first, so that a key is never found without its request.
  const staging = join(own, `${randomBytes(8).toString('hex')}.new`);
  await mkdir(staging, { mode: 0o700 });
  try {
    await writeNewFile(join(staging, keyFile), { content: kept.keyPem, mode: 0o600 });
    await writeNewFile(join(staging, requestFile), { content: textOf(kept), mode: 0o600 });
    await syncFolder(staging);
    await rename(staging, folderOf(own, kept.kind));
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(own);
}

/** Without the key, which has a file of its own. */
const textOf = ({ keyPem: _key, spkiDer: _spki, isNew: _new, ...request }: KeptRequest): string =>
  `${JSON.stringify(request, null, 2)}\n`;

/**
 * Undefined when there is none, or none that can be used. AgentError `fileUnreadable`: the service may have answered it, and no
 * other key takes that answer.
 */
async function readKept(own: string, kind: RequestKind): Promise<KeptRequest | undefined> {
  const folder = folderOf(own, kind);
  const text = await readIfThere(join(folder, requestFile));
  const pem = await readIfThere(join(folder, keyFile));
  if (text === undefined || pem === undefined) return undefined;
  try {
    const request = JSON.parse(text) as PendingRequest;
    const spkiDer = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' });
    return { ...request, keyPem: pem, spkiDer, isNew: false };
  } catch {
    return undefined;
  }
}

/** What waits in the folder of before comes along: the service may have answered it, to nobody else's key. May be repeated. */
export async function adoptRequests(before: string, own: string): Promise<void> {
  // Another mode of the same folder.
  if (before === own) return;
  for (const kind of kinds) {
    const kept = await readKept(before, kind);
    // Also one that was left here by an earlier move, and has ended since.
    await dropRequest(own, kind);
    if (kept) await writingIn(own, () => writeRequest(own, kept));
  }
}

/** The service has it under this id: from now on it is asked for, not submitted again. */
export async function keepRequestId(own: string, kept: KeptRequest, requestId: string): Promise<void> {
  const content = textOf({ ...kept, requestId });
  await writingIn(own, () => replaceFile(join(folderOf(own, kept.kind), requestFile), { content, mode: 0o600 }));
}

/** It is answered for good. Under another name first: a folder is not removed at once. */
export async function dropRequest(own: string, kind: RequestKind): Promise<void> {
  const gone = join(own, `${randomBytes(8).toString('hex')}.old`);
  try {
    await rename(folderOf(own, kind), gone);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await rm(gone, { recursive: true, force: true });
}

/** The certificate that was asked for is kept. Who enrolled has nothing left to rotate but that. */
export async function dropAnswered(own: string, kind: RequestKind): Promise<void> {
  await dropRequest(own, kind);
  if (kind === 'enrol') await dropRequest(own, 'rotate');
}

/** The same for a request whose certificate is kept with this key: a crash came before it was dropped. */
export async function dropAnsweredBefore(own: string, keyPem: string): Promise<void> {
  for (const kind of kinds) if ((await readKept(own, kind))?.keyPem === keyPem) await dropAnswered(own, kind);
}
