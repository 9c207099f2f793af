/** The key hash by which OCSP answers name their responder (RFC 6960 §4.2.1). */
import { digest } from '../digest.ts';
import { subjectPublicKeyBits } from '../x509/public-key.ts';

/** KeyHash of a ResponderID: SHA-1, whatever the CertIDs hash with; an identifier, not a proof (RFC 6960 §4.2.1). */
export const responderKeyHash = (spkiDer: Uint8Array): Uint8Array => digest('sha1', subjectPublicKeyBits(spkiDer));
