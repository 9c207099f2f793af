/** Roots that a target trusts besides its environment's: what a move from one root or CA to another takes, in two steps. */
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodePemAll, encodePem } from '../../domain/der/pem.ts';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { AgentError } from '../agent-error.ts';

/** `trustPem` and after it the certificates of `files` that are not in it. AgentError `fileUnreadable`. */
export async function withRootsBesides(trustPem: string, files: readonly string[]): Promise<string> {
  return unite(trustPem, (await Promise.all(files.map(readRoots))).flat());
}

/** `trustPem` and after it the certificates of the others that are not in it. */
export const uniteRoots = (trustPem: string, ...others: readonly string[]): string =>
  unite(
    trustPem,
    others.flatMap((pem) => decodePemAll(pem, 'CERTIFICATE')),
  );

function unite(trustPem: string, others: readonly Uint8Array[]): string {
  const known = new Set(decodePemAll(trustPem, 'CERTIFICATE').map(fingerprint));
  const besides = others.filter((der) => {
    const isNew = !known.has(fingerprint(der));
    known.add(fingerprint(der));
    return isNew;
  });
  return trustPem + besides.map((der) => encodePem('CERTIFICATE', der)).join('');
}

const fingerprint = (der: Uint8Array): string => hash('sha256', der, 'hex');

async function readRoots(file: string): Promise<Uint8Array[]> {
  try {
    const roots = decodePemAll(await readFile(file, 'utf8'), 'CERTIFICATE');
    // Another CA's may be encoded as this project's never are: OpenSSL reads them, as the programs will.
    if (roots.every((der) => openCertificate(der).ca)) return roots;
  } catch (error) {
    throw unusable(file, error);
  }
  throw unusable(file);
}

const unusable = (file: string, cause?: unknown): AgentError =>
  new AgentError('fileUnreadable', `${file}, of files.alsoTrust, is not there or holds more than roots in PEM.`, cause);
