/** The key hashes of OCSP (RFC 6960 §4.1.1, §4.2.1): over the subjectPublicKey alone, without tag, length and unused bits. */
import { hash } from 'node:crypto';
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { readOctetAlignedBitString } from '../der/value.ts';

/** What issuerKeyHash and ResponderID byKey hash of a SubjectPublicKeyInfo that was checked before. */
export function subjectPublicKeyBits(spkiDer: Uint8Array): Uint8Array {
  const fields = new DerReader(spkiDer).enterSequence();
  fields.expect(tag.sequence);
  return readOctetAlignedBitString(fields);
}

/** KeyHash of a ResponderID: SHA-1, whatever the CertIDs hash with; an identifier, not a proof (RFC 6960 §4.2.1). */
export const responderKeyHash = (spkiDer: Uint8Array): Uint8Array =>
  hash('sha1', subjectPublicKeyBits(spkiDer), 'buffer');
