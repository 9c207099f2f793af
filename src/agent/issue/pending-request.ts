/** A request to the service that is not answered yet, kept on disk with its key: a crash makes no second certificate. */
import { createPrivateKey, createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keyPem, makeCsr, makeLocalKey } from '../../client/local-key.ts';
import { parseGeneralName } from '../../domain/x509/general-name.ts';
import type { TargetConfig } from '../config/agent-schema.ts';
import { replaceFile, syncFolder, writeNewFile, writingIn } from '../files/durable-file.ts';

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

/** Whether a rotation of this certificate was begun, which may be answered by now. */
export async function isRotationBegun(own: string, predecessor: string): Promise<boolean> {
  const kept = await readKept(own);
  return kept?.kind === 'rotate' && kept.predecessor === predecessor;
}

/** The request that waits, if it asks for what the target asks for now; a new one with a new key otherwise. */
export async function keepRequest(
  own: string,
  target: TargetConfig,
  { kind, predecessor }: Pick<PendingRequest, 'kind' | 'predecessor'>,
): Promise<KeptRequest> {
  const wanted = {
    ...{ kind, predecessor, names: target.names, keyType: target.keyType },
    ...{ profile: target.profile ?? null, lifetimeSeconds: target.lifetimeSeconds ?? null },
  };
  const kept = await readKept(own);
  if (kept && Object.entries(wanted).every(([key, value]) => same(value, kept[key as keyof PendingRequest])))
    return kept;
  await dropRequest(own);
  return writingIn(own, () => makeRequest(own, target, wanted));
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

async function makeRequest(
  own: string,
  { keyType, names }: TargetConfig,
  wanted: Omit<PendingRequest, 'idempotencyKey' | 'csr' | 'requestId'>,
): Promise<KeptRequest> {
  const key = await makeLocalKey(keyType);
  const parsed = names.map((name) => parseGeneralName(name)!);
  const request = { ...wanted, idempotencyKey: randomUUID(), csr: makeCsr(key, parsed), requestId: null };
  const pem = keyPem(key);
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
  return { ...request, keyPem: pem, spkiDer: key.spkiDer };
}

const textOf = (request: PendingRequest): string => `${JSON.stringify(request, null, 2)}\n`;

/** Undefined when there is none, or none that can be used. */
async function readKept(own: string): Promise<KeptRequest | undefined> {
  try {
    const read = (name: string): Promise<string> => readFile(join(own, folderName, name), 'utf8');
    const request = JSON.parse(await read(requestFile)) as PendingRequest;
    const pem = await read(keyFile);
    const spkiDer = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' });
    return { ...request, keyPem: pem, spkiDer };
  } catch {
    return undefined;
  }
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
