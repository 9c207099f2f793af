/** Certification requests with a key of their own each, made before anything is measured. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { encodeCertificationRequestInfo } from '../src/domain/x509/csr-request.ts';
import { parseGeneralName } from '../src/domain/x509/general-name.ts';
import { defaultSignatureAlgorithm } from '../src/domain/x509/signature-algorithm.ts';
import { assembleSigned } from '../src/domain/x509/signed.ts';
import type { SignedRequest } from './bare-crypto.ts';

export interface BenchRequest extends SignedRequest {
  readonly csrDer: Uint8Array;
  /** PKCS#8. */
  readonly keyPem: string;
}

/** `count` P-256 requests for `host`. */
export function makeSignedRequests(count: number, host: string): BenchRequest[] {
  const names = [parseGeneralName(host)!];
  const algorithm = defaultSignatureAlgorithm('ec-p256');
  return Array.from({ length: count }, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spkiDer = publicKey.export({ type: 'spki', format: 'der' });
    const tbs = encodeCertificationRequestInfo({ spkiDer, names });
    const signature = sign('sha256', tbs, privateKey);
    const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return { spkiDer, tbs, signature, csrDer: assembleSigned(tbs, algorithm, signature), keyPem };
  });
}
