/** The CSR (RFC 2986 §4.1) by which an authority of ours asks for a certificate elsewhere: made, and read again. */
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { encodeRequestInfo } from './csr-request.ts';
import { basicConstraints, keyUsage, subjectKeyIdentifier } from './extensions.ts';
import { keyIdentifier } from './public-key.ts';
import { openSigned } from './signed.ts';

export interface AuthorityCsrFields {
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
  /** How many authorities may follow below it. */
  readonly pathLen: number;
}

/** To be signed; `assembleSigned` makes the CertificationRequest of it. What is asked for is what an issuing authority needs. */
export const encodeAuthorityCsrInfo = ({ subjectDer, spkiDer, pathLen }: AuthorityCsrFields): Uint8Array =>
  encodeRequestInfo({
    subjectDer,
    spkiDer,
    extensions: [
      basicConstraints({ ca: true, pathLen }),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(keyIdentifier(spkiDer)),
    ],
  });

/** SubjectPublicKeyInfo of such a CSR. */
export function spkiOfAuthorityCsr(csrDer: Uint8Array): Uint8Array {
  const info = new DerReader(openSigned(csrDer).tbs).enterSequence();
  info.expect(tag.integer);
  info.expect(tag.sequence);
  return info.whole(info.expect(tag.sequence));
}
