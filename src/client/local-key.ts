/** A key pair made on this machine, and the request that proves its possession; the private key goes to its file alone. */
import { generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { encodePem } from '../domain/der/pem.ts';
import { firstCommonName } from '../domain/policy/subject-cn.ts';
import { encodeCertificationRequestInfo } from '../domain/x509/csr-request.ts';
import type { GeneralName } from '../domain/x509/general-name.ts';
import { type KeyType, keyFamily } from '../domain/x509/key-type.ts';
import { defaultSignatureAlgorithm } from '../domain/x509/signature-algorithm.ts';
import { assembleSigned } from '../domain/x509/signed.ts';

export interface LocalKey {
  readonly keyType: KeyType;
  readonly privateKey: KeyObject;
  readonly spkiDer: Uint8Array;
}

const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>;

const curves: Readonly<Record<string, string>> = { 'ec-p256': 'P-256', 'ec-p384': 'P-384', 'ec-p521': 'P-521' };

/** On the thread pool: an RSA key may take seconds. */
export async function makeLocalKey(keyType: KeyType): Promise<LocalKey> {
  const options = {
    ec: { namedCurve: curves[keyType] },
    rsa: { modulusLength: Number(keyType.slice('rsa-'.length)), publicExponent: 65_537 },
    ed25519: {},
  };
  const family = keyFamily(keyType);
  const { publicKey, privateKey } = await generate(family, options[family]);
  return { keyType, privateKey, spkiDer: publicKey.export({ type: 'spki', format: 'der' }) };
}

/** PKCS#8, unencrypted, as nginx, curl and Java's loaders take it. */
export const keyPem = (key: LocalKey): string => key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A PKCS#10 request for `names`, PEM, signed with the key. Its CN is the one that most profiles would choose, for those that take what is asked for. */
export function makeCsr(key: LocalKey, names: readonly GeneralName[]): string {
  const algorithm = defaultSignatureAlgorithm(key.keyType);
  const info = encodeCertificationRequestInfo({ spkiDer: key.spkiDer, names, commonName: firstCommonName(names) });
  const signature = sign(algorithm.hash, info, key.privateKey);
  return encodePem('CERTIFICATE REQUEST', assembleSigned(info, algorithm, signature));
}
