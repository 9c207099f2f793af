/** Port: fresh software key pairs, for keys that are not an authority's: operators' first keys, the TLS servers', OCSP responders'. */
import type { KeyType } from '../domain/x509/key-type.ts';
import type { Signer } from './vault.ts';

export interface KeyPairs {
  /** A key whose private half the caller gets as PKCS#8 PEM, to write to a file or hand to the TLS stack. */
  exportable(type: KeyType): Promise<{ readonly privateKeyPem: string; readonly publicKeyDer: Uint8Array }>;
  /** A signer whose private half never leaves this process and dies with it; `name` is for the audit log. */
  session(name: string, type: KeyType): Promise<Signer>;
}
