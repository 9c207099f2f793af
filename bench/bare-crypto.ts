/** What the cryptography of one certificate costs alone: import the key, verify the request, sign; on one thread of node:crypto. */
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';

export interface SignedRequest {
  readonly spkiDer: Buffer;
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
}

/** Certificates a second, over `requests` in turn for `durationMs`. `tbsLength` octets are signed for each. */
export function bareRate(requests: readonly SignedRequest[], durationMs: number, tbsLength = 600): number {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tbs = Buffer.alloc(tbsLength, 0x30);
  const startedAt = performance.now();
  let done = 0;
  while (performance.now() - startedAt < durationMs) {
    // The clock is read once for 64 certificates.
    for (let batch = 0; batch < 64; batch++) {
      const { spkiDer, tbs: request, signature } = requests[done++ % requests.length]!;
      const publicKey = createPublicKey({ key: spkiDer, format: 'der', type: 'spki' });
      if (!verify('sha256', request, publicKey, signature)) throw new Error('a request that does not verify');
      sign('sha256', tbs, privateKey);
    }
  }
  return (done / (performance.now() - startedAt)) * 1000;
}
