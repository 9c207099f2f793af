/** Opens a certificate for what Node and OpenSSL know of it. Every X509Certificate is made here. */
import { X509Certificate } from 'node:crypto';
import { encodePem } from '../der/pem.ts';

/**
 * PEM, of which the first certificate counts, or DER. Node would look for PEM in the DER first: whoever writes the PEM of another
 * certificate into an extension of his own would be taken for that one. Throws what OpenSSL says of one that is none.
 */
export const openCertificate = (content: string | Uint8Array): X509Certificate =>
  new X509Certificate(typeof content === 'string' ? content : encodePem('CERTIFICATE', content));
