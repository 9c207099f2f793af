/** The one format of the vault's files: JSON in a single spelling, a checksum, and a secret sealed with AES-256-GCM (docs/keys.md). */
import { createCipheriv, createDecipheriv, createHash, type KeyObject } from 'node:crypto';
import { isAcceptable, type KeyDerivation } from './key-derivation.ts';

/** `header` names what the file is (`format` first) and, with `kdf`, is the additional authenticated data. */
export interface SealedFile {
  readonly header: Readonly<Record<string, string>>;
  readonly kdf: KeyDerivation;
  readonly sealed: { readonly nonce: Uint8Array; readonly ciphertext: Uint8Array; readonly tag: Uint8Array };
}

const cipher = 'aes-256-gcm';
export const nonceLength = 12;
const tagLength = 16;

interface Sealing {
  readonly header: SealedFile['header'];
  readonly kdf: KeyDerivation;
  /** Fresh from the CSPRNG: a nonce that repeats under one key breaks GCM (NIST SP 800-38D §8). */
  readonly nonce: Uint8Array;
}

export function seal(secret: Uint8Array, key: KeyObject, { header, kdf, nonce }: Sealing): SealedFile {
  const encryption = createCipheriv(cipher, key, nonce, { authTagLength: tagLength });
  encryption.setAAD(additionalData(header, kdf));
  const ciphertext = Buffer.concat([encryption.update(secret), encryption.final()]);
  return { header, kdf, sealed: { nonce, ciphertext, tag: encryption.getAuthTag() } };
}

/** The secret, to be wiped by the caller; undefined when key, header, parameters or ciphertext are not those it was sealed with. */
export function unseal({ header, kdf, sealed }: SealedFile, key: KeyObject): Buffer | undefined {
  const decryption = createDecipheriv(cipher, key, sealed.nonce, { authTagLength: tagLength });
  decryption.setAAD(additionalData(header, kdf));
  decryption.setAuthTag(sealed.tag);
  const secret = decryption.update(sealed.ciphertext);
  try {
    decryption.final();
    return secret;
  } catch {
    // Not authentic: what was decrypted so far is nobody's business.
    secret.fill(0);
    return undefined;
  }
}

const additionalData = (header: SealedFile['header'], kdf: KeyDerivation): Buffer =>
  Buffer.from(JSON.stringify({ ...header, kdf: kdfFields(kdf), cipher }));

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');

const kdfFields = ({ name, memoryKiB, passes, parallelism, salt }: KeyDerivation) => ({
  name,
  memoryKiB,
  passes,
  parallelism,
  salt: base64(salt),
});

export function formatSealedFile({ header, kdf, sealed }: SealedFile): string {
  const { nonce, ciphertext, tag } = sealed;
  const body = {
    ...header,
    kdf: kdfFields(kdf),
    sealed: { cipher, nonce: base64(nonce), ciphertext: base64(ciphertext), tag: base64(tag) },
  };
  return `${JSON.stringify({ ...body, sha256: checksum(body) }, null, 2)}\n`;
}

/** Keyless on purpose: it tells a damaged file from a wrong passphrase. That nobody forged the file is for GCM to say. */
const checksum = (body: object): string => createHash('sha256').update(JSON.stringify(body)).digest('hex');

/**
 * Reads what `formatSealedFile` wrote, and only that: every octet of the file counts. Undefined for anything else, also
 * for parameters too expensive to try.
 */
export function parseSealedFile(text: string, headerFields: readonly string[]): SealedFile | undefined {
  const json = parseObject(text);
  const kdf = json && kdfOf(json.kdf);
  const sealed = json && sealedOf(json.sealed);
  if (!kdf || !sealed || !isAcceptable(kdf)) return undefined;
  const header = Object.fromEntries(headerFields.map((field) => [field, String(json[field])]));
  const file = { header, kdf, sealed };
  return formatSealedFile(file) === text ? file : undefined;
}

/** True for a file that nobody damaged by accident, whatever version wrote it: each keeps the checksum last. */
export function isIntact(text: string): boolean {
  const json = parseObject(text);
  if (!json) return false;
  const { sha256, ...body } = json;
  return sha256 === checksum(body);
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function kdfOf(value: unknown): KeyDerivation | undefined {
  if (!isObject(value) || value.name !== 'argon2id') return undefined;
  const [memoryKiB, passes, parallelism] = [Number(value.memoryKiB), Number(value.passes), Number(value.parallelism)];
  return { name: value.name, memoryKiB, passes, parallelism, salt: octetsOf(value.salt) };
}

function sealedOf(value: unknown): SealedFile['sealed'] | undefined {
  if (!isObject(value)) return undefined;
  const [nonce, ciphertext, tag] = [octetsOf(value.nonce), octetsOf(value.ciphertext), octetsOf(value.tag)];
  return nonce.length === nonceLength && tag.length === tagLength ? { nonce, ciphertext, tag } : undefined;
}

/** Other spellings of the same octets fail the comparison with the one spelling. */
const octetsOf = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : '', 'base64');
