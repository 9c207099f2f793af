/** One set as values: a certificate with its key, chain, roots and CRLs; and which files it becomes. */
import { createPrivateKey, hash, randomBytes } from 'node:crypto';
import { decodePemAll } from '../../domain/der/pem.ts';
import type { TargetPlace } from '../../domain/rotation/target-status.ts';
import { oids } from '../../domain/x509/oids.ts';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import type { FilesConfig } from '../config/agent-schema.ts';

/** What the service said of the certificate; `set.json` beside its files. */
export interface SetFacts {
  readonly serial: string;
  readonly environment: string;
  readonly product: string;
  readonly profile: string;
  readonly names: readonly string[];
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Where the certificate says its CRL is. */
  readonly crlUrl: string;
  /** How the files were asked for: another layout makes another set. */
  readonly layout: string;
}

export interface CredentialSet {
  readonly facts: SetFacts;
  /** PKCS#8. */
  readonly keyPem: string;
  readonly certPem: string;
  /** Without the root; empty where a root signs directly. */
  readonly chainPem: string;
  /** The roots. */
  readonly trustPem: string;
  /** A CRL of every authority of the environment; empty when nobody asked for it. */
  readonly crlPem: string;
  /** Of both stores; empty when there are none. */
  readonly storePassword: string;
}

/** The parts a set is read back from, whatever a program needs of it. */
export const factsFile = 'set.json';

/** Files that a set always has, because the agent reads them back. */
export const ownFiles = ['key.pem', 'cert.pem', 'chain.pem', 'trust.pem', 'crl.pem', 'store-password'] as const;

export const newStorePassword = (): string => randomBytes(24).toString('base64url');

/** Whether the key is the certificate's. */
export function keyFits({ keyPem, certPem }: Pick<CredentialSet, 'keyPem' | 'certPem'>): boolean {
  try {
    return openCertificate(certPem).checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

/** Whether the service will know the holder by it: a certificate for servers alone opens nothing. Node calls the extended usages `keyUsage`. */
export const canAuthenticate = ({ certPem }: Pick<CredentialSet, 'certPem'>): boolean =>
  openCertificate(certPem).keyUsage?.includes(oids.clientAuth) === true;

/** What of a target's settings decides how the files of a set look. */
export const layoutOf = ({ outputs, owner, alias, passwordFile }: FilesConfig): string =>
  hash('sha256', JSON.stringify([outputs ?? null, owner ?? null, alias, passwordFile ?? null]), 'hex');

/** Where a target's files are, and how. */
export const placeOf = ({ folder, mode }: FilesConfig): TargetPlace => ({ folder, mode });

export const isSamePlace = (known: TargetPlace | null, { folder, mode }: TargetPlace): boolean =>
  known?.folder === folder && known.mode === mode;

export const derOf = (pem: string): Uint8Array[] => (pem === '' ? [] : decodePemAll(pem, 'CERTIFICATE'));

/** SHA-256 of the roots' DER, hex: what is reported as trusted. */
export const trustFingerprints = ({ trustPem }: CredentialSet): string[] =>
  derOf(trustPem).map((der) => hash('sha256', der, 'hex'));
