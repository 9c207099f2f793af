/** Keys of the transit engine: which types there are, and a key's public half as OpenBao tells it. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyType } from '../../domain/x509/key-type.ts';
import { parseSubjectPublicKey, type SubjectPublicKey } from '../../domain/x509/public-key.ts';
import type { VaultKey } from '../../ports/vault.ts';
import { BaoError } from './bao-trouble.ts';
import { recordOf } from './record-of.ts';

/** What transit calls them; it makes no others. */
export const transitTypes: Readonly<Partial<Record<KeyType, string>>> = {
  'ec-p256': 'ecdsa-p256',
  'ec-p384': 'ecdsa-p384',
  'ec-p521': 'ecdsa-p521',
  'rsa-2048': 'rsa-2048',
  'rsa-3072': 'rsa-3072',
  'rsa-4096': 'rsa-4096',
  ed25519: 'ed25519',
};

const typeOf = new Map(Object.entries(transitTypes).map(([type, name]) => [name, type as KeyType]));

/** A key with the one version of it that is used. */
export interface TransitKey {
  readonly facts: VaultKey;
  readonly version: number;
  /** Imported: that costs as much as verifying once. */
  readonly publicKey: SubjectPublicKey;
}

/** From `data` of `GET keys/NAME`; BaoError `keyUnfit`, `versionGone`, `badRequest`. */
export function readTransitKey(name: string, version: number, data: unknown): TransitKey {
  const { type: named, keys, exportable, allow_plaintext_backup: copyable } = recordOf(data);
  const type = typeOf.get(String(named));
  // What can be copied out of its vault is not in a vault; `exportable` can be set later, and is not taken back.
  if (type === undefined || exportable !== false || copyable !== false)
    throw new BaoError('keyUnfit', `a key of type ${type}`);
  const { public_key: text } = recordOf(recordOf(keys)[String(version)]);
  if (typeof text !== 'string') throw new BaoError('versionGone', `no version ${version}`);
  const keyObject = keyObjectOf(type, text);
  const publicKeyDer = keyObject.export({ format: 'der', type: 'spki' });
  const publicKey = certifiable(publicKeyDer);
  if (publicKey.keyType !== type) throw new BaoError('keyUnfit', `not the ${type} that it is called`);
  return { facts: { name, type, publicKeyDer }, version, publicKey: { ...publicKey, keyObject } };
}

function certifiable(publicKeyDer: Uint8Array): SubjectPublicKey {
  try {
    return parseSubjectPublicKey(publicKeyDer);
  } catch (cause) {
    throw new BaoError('keyUnfit', 'a key that no authority may have', { cause });
  }
}

/** SubjectPublicKeyInfo up to the 32 octets of the key (RFC 8410 §4). */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

/** PEM for EC and RSA; for Ed25519 the raw octets in base64. */
function keyObjectOf(type: KeyType, text: string): KeyObject {
  try {
    if (type !== 'ed25519') return createPublicKey(text);
    const der = Buffer.concat([ed25519Prefix, Buffer.from(text, 'base64')]);
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new BaoError('badRequest', 'a public key that is none', { cause });
  }
}
