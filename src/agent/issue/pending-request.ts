/** A request to the service that is not answered yet, kept on disk with its key: a crash makes no second certificate. */
import { createPrivateKey, createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keyPem, makeCsr, makeLocalKey } from '../../client/local-key.ts';
import { parseGeneralName } from '../../domain/x509/general-name.ts';
import { syncFolder } from '../../files/sync-folder.ts';
import type { TargetConfig } from '../config/agent-schema.ts';
import { readIfThere, replaceFile, writeNewFile, writingIn } from '../files/durable-file.ts';

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
}

const folderName = 'pending';
const requestFile = 'request.json';
const keyFile = 'key.pem';

/** A rotation of this certificate that was begun, and may be answered by now. */
export async function rotationBegun(own: string, predecessor: string): Promise<PendingRequest | undefined> {
  const kept = await readKept(own);
  return kept?.kind === 'rotate' && kept.predecessor === predecessor ? kept : undefined;
}

/**
 * The request that waits, if it asks for what the target asks for now; a new one with a new key otherwise. A rotation that was begun
 * stays, whatever kind of key or lifetime is asked for by now: the service may have answered it, and a certificate has one successor.
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
  const kept = await readKept(own);
  if (kept && agrees(kept, wanted)) return kept;
  await dropRequest(own);
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
  const kept = { ...request, keyPem: keyPem(key), spkiDer: key.spkiDer };
  await writeRequest(own, kept);
  return kept;
}

async function writeRequest(own: string, { keyPem: pem, spkiDer: _spki, ...request }: KeptRequest): Promise<void> {
  // Whole under another name first, so that a key is never found without its request.
  const staging = join(own, `${randomBytes(8).toString('hex')}.new`);
  await mkdir(staging, { mode: 0o700 });
  try {
    await writeNewFile(join(staging, keyFile), { content: pem, mode: 0o600 });
    await writeNewFile(join(staging, requestFile), { content: textOf(request), mode: 0o600 });
    await syncFolder(staging);
    await rename(staging, join(own, folderName));
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(own);
}

const textOf = (request: PendingRequest): string => `${JSON.stringify(request, null, 2)}\n`;

/**
 * Undefined when there is none, or none that can be used. AgentError `fileUnreadable`: the service may have answered it, and no
 * other key takes that answer.
 */
async function readKept(own: string): Promise<KeptRequest | undefined> {
  const text = await readIfThere(join(own, folderName, requestFile));
  const pem = await readIfThere(join(own, folderName, keyFile));
  if (text === undefined || pem === undefined) return undefined;
  try {
    const request = JSON.parse(text) as PendingRequest;
    const spkiDer = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' });
    return { ...request, keyPem: pem, spkiDer };
  } catch {
    return undefined;
  }
}

/** The request that waits in the folder of before comes along: the service may have answered it, to nobody else's key. May be repeated. */
export async function adoptRequest(before: string, own: string): Promise<void> {
  // Another mode of the same folder.
  if (before === own) return;
  const kept = await readKept(before);
  if (!kept) return;
  await dropRequest(own);
  await writingIn(own, () => writeRequest(own, kept));
}

/** The service has it under this id: from now on it is asked for, not submitted again. */
export async function keepRequestId(own: string, kept: KeptRequest, requestId: string): Promise<void> {
  const { keyPem: _key, spkiDer: _spki, ...request } = kept;
  const content = textOf({ ...request, requestId });
  await writingIn(own, () => replaceFile(join(own, folderName, requestFile), { content, mode: 0o600 }));
}

/** It is answered for good. Under another name first: a folder is not removed at once. */
export async function dropRequest(own: string): Promise<void> {
  const gone = join(own, `${randomBytes(8).toString('hex')}.old`);
  try {
    await rename(join(own, folderName), gone);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await rm(gone, { recursive: true, force: true });
}

/** The same for a request whose certificate is kept with this key: a crash came before it was dropped. */
export async function dropAnswered(own: string, keyPem: string): Promise<void> {
  if ((await readKept(own))?.keyPem === keyPem) await dropRequest(own);
}
