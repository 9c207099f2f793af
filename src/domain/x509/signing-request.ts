/** A PKCS#10 request (RFC 2986) for the certificate of an authority, as its parent reads it: who asks, and proof of the key. */
import { assertCanonicalDer } from '../der/canonical.ts';
import { DerError } from '../der/error.ts';
import { DerReader } from '../der/reader.ts';
import { contextTag, tag } from '../der/tag.ts';
import { readSmallInteger } from '../der/value.ts';
import type { ReasonCode } from '../errors.ts';
import { checkKeyRules } from '../policy/key-rules.ts';
import { refuse, refuseIfAny } from '../refusal.ts';
import { type DistinguishedName, decodeName } from './name.ts';
import { parseSubjectPublicKey, type SubjectPublicKey, verifySignature } from './public-key.ts';
import { findSignatureAlgorithm } from './signature-algorithm.ts';
import { openSigned } from './signed.ts';
import { checkSubject } from './subject-rules.ts';

export interface SigningRequest {
  readonly subject: DistinguishedName;
  readonly publicKey: SubjectPublicKey;
}

const maxOctets = 64 * 1024;

/**
 * Its attributes are not read: what an authority may do is decided by the one who signs. Rejects with CaError `badCSR`,
 * `badPublicKey` or `badSignatureAlgorithm` and the reasons.
 */
export async function readSigningRequest(der: Uint8Array): Promise<SigningRequest> {
  if (der.length > maxOctets) refuseCsr('tooLarge', 'The CSR is larger than 64 KiB.');
  const { tbs, algorithmDer, signature, ...request } = inForm(der, () => {
    assertCanonicalDer(der);
    const parts = openSigned(der);
    return { ...parts, ...readInfo(parts.tbs) };
  });
  const { publicKey, subject } = request;
  refuseIfAny(checkKeyRules(publicKey, () => false));
  if (subject.attributes.length === 0) refuseCsr('badSubject', 'The CSR of an authority needs a subject.');
  refuseIfAny(checkSubject(subject));
  const algorithm = findSignatureAlgorithm(algorithmDer);
  if (!algorithm) {
    return refuseCsr('unsupportedSignatureAlgorithm', 'The CSR is signed with an algorithm that is not accepted.');
  }
  if (await verifySignature({ tbs, signature, algorithm, publicKey })) return request;
  return refuseCsr('badSignature', 'The CSR is not signed by the private key of its public key.');
}

function readInfo(tbs: Uint8Array): SigningRequest {
  const outer = new DerReader(tbs);
  const fields = outer.enterSequence();
  outer.expectEnd();
  // RFC 2986 §4.1: version 1, written as 0.
  if (readSmallInteger(fields) !== 0) refuseCsr('wrongVersion', 'The CSR is not of version 1.');
  const subject = decodeName(fields.whole(fields.expect(tag.sequence)));
  const publicKey = parseSubjectPublicKey(fields.whole(fields.expect(tag.sequence)));
  fields.expect(contextTag(0, true));
  fields.expectEnd();
  return { subject, publicKey };
}

function inForm<T>(der: Uint8Array, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return refuseCsr('wrongStructure', `The CSR (${der.length} octets) is no canonical PKCS#10.`);
  }
}

const refuseCsr = (code: ReasonCode, message: string): never => refuse([{ code, message, field: 'csr' }]);
