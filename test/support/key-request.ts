/** Fresh keys with a certification request for names, as a product would bring them. */
import { encodePem } from '../../src/domain/der/pem.ts';
import { encodeCertificationRequestInfo } from '../../src/domain/x509/csr-request.ts';
import { parseGeneralName } from '../../src/domain/x509/general-name.ts';
import type { KeyType } from '../../src/domain/x509/key-type.ts';
import { assembleSigned } from '../../src/domain/x509/signed.ts';
import { makeSigningKey } from './signing-key.ts';

export interface KeyRequest {
  readonly csrDer: Uint8Array;
  readonly csrPem: string;
  readonly privateKeyPem: string;
}

export const demoName = 'demo.dev.internal';

export function makeKeyRequest(names: readonly string[] = [demoName], keyType: KeyType = 'ec-p256'): KeyRequest {
  const key = makeSigningKey(keyType);
  const info = encodeCertificationRequestInfo({
    spkiDer: key.spkiDer,
    names: names.map((name) => parseGeneralName(name)!),
  });
  const csrDer = assembleSigned(info, key.algorithm, key.sign(info));
  const privateKeyPem = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { csrDer, csrPem: encodePem('CERTIFICATE REQUEST', csrDer), privateKeyPem };
}
