/**
 * What is trusted as the service: the configured file, and the roots that the service named over TLS which was trusted
 * already. So its own authority can be followed by another, and nobody else can put one in its place.
 */
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrivysealClient } from '../../client/client.ts';
import { ClientProblem } from '../../client/failure.ts';
import { encodePem } from '../../domain/der/pem.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { replaceFile } from '../../files/whole-file.ts';
import { AgentError } from '../agent-error.ts';
import type { AgentFile } from '../config/agent-schema.ts';
import { derOf } from '../files/credential-set.ts';
import { writingIn } from '../files/disk-refusals.ts';

const fileName = 'service-roots.json';

/** Learned through one file, and forgotten when that file changes: who replaces it wants nothing of before. */
interface LearnedRoots {
  /** SHA-256 of the configured file. */
  readonly through: string;
  readonly pem: string;
}

type Settings = Pick<AgentFile, 'service' | 'stateFolder'>;

/** PEM of all. AgentError `fileUnreadable`. */
export async function serviceTrust(settings: Settings): Promise<string> {
  const configured = await readConfigured(settings.service.ca);
  return `${configured}\n${await readLearned(settings, configured)}`;
}

/** Remembers what a client that trusts only the roots of before was told; answers the roots that are new. */
export async function learnServiceRoots(settings: Settings, client: PrivysealClient): Promise<number> {
  const told = derOf(await namedRoots(client));
  const configured = await readConfigured(settings.service.ca);
  const known = [configured, await readLearned(settings, configured)].flatMap(derOf).map(digest);
  const fresh = told.filter((der) => !known.includes(digest(der)));
  if (fresh.length === 0) return 0;
  const pem = (await readLearned(settings, configured)) + fresh.map((der) => encodePem('CERTIFICATE', der)).join('');
  const learned: LearnedRoots = { through: digest(Buffer.from(configured)), pem };
  await writingIn(settings.stateFolder, async () => {
    await makeFolder(settings.stateFolder, 0o700, 0o755);
    const content = `${JSON.stringify(learned, null, 2)}\n`;
    await replaceFile(join(settings.stateFolder, fileName), { content, mode: 0o600 });
  });
  return fresh.length;
}

/** Empty while `system` is compromised and not replaced yet: of the other environments nothing is lost, and no rotation waits for it. */
async function namedRoots(client: PrivysealClient): Promise<string> {
  try {
    return await client.trustBundle('system');
  } catch (error) {
    if (error instanceof ClientProblem && error.code === 'notFound') return '';
    throw error;
  }
}

const digest = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

async function readConfigured(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AgentError('fileUnreadable', `${file}, what to trust as the service, cannot be read (${code}).`, error);
  }
}

/** Empty without any: the file is the agent's own, and what is no longer as it was written teaches nothing. */
async function readLearned({ stateFolder }: Settings, configured: string): Promise<string> {
  try {
    const learned = JSON.parse(await readFile(join(stateFolder, fileName), 'utf8')) as LearnedRoots;
    return learned.through === digest(Buffer.from(configured)) ? learned.pem : '';
  } catch {
    return '';
  }
}
