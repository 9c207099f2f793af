/** The CSR (RFC 2986 §4.1) by which an authority of ours asks for a certificate elsewhere: made, and read again. */
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { explicit, sequence, setOf, smallInteger } from '../der/writer.ts';
import { basicConstraints, keyUsage, subjectKeyIdentifier } from './extensions.ts';
import { oidDer } from './oid-der.ts';
import { keyIdentifier } from './public-key.ts';
import { openSigned } from './signed.ts';

export interface AuthorityCsrFields {
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
  /** How many authorities may follow below it. */
  readonly pathLen: number;
}

const version1 = smallInteger(0);

/** To be signed; `assembleSigned` makes the CertificationRequest of it. What is asked for is what an issuing authority needs. */
export function encodeAuthorityCsrInfo({ subjectDer, spkiDer, pathLen }: AuthorityCsrFields): Uint8Array {
  const extensions = sequence(
    basicConstraints({ ca: true, pathLen }),
    keyUsage(['keyCertSign', 'cRLSign']),
    subjectKeyIdentifier(keyIdentifier(spkiDer)),
  );
  // RFC 2985 §5.4.2.
  const extensionRequest = sequence(oidDer.extensionRequest, setOf(extensions));
  return sequence(version1, subjectDer, spkiDer, explicit(0, extensionRequest));
}

/** SubjectPublicKeyInfo of such a CSR. */
export function spkiOfAuthorityCsr(csrDer: Uint8Array): Uint8Array {
  const info = new DerReader(openSigned(csrDer).tbs).enterSequence();
  info.expect(tag.integer);
  info.expect(tag.sequence);
  return info.whole(info.expect(tag.sequence));
}
