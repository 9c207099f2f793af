/** The frame around everything that is signed: to-be-signed bytes, algorithm, signature (RFC 5280 §4.1.1, §5.1.1; RFC 6960 §4.2.1). */
import { DerError } from '../der/error.ts';
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { readOctetAlignedBitString } from '../der/value.ts';
import { bitStringPieces, sequence } from '../der/writer.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

/** Certificates, CRLs and BasicOCSPResponses; what follows the signature (`certs` of OCSP) comes in `trailing`. */
export const assembleSigned = (
  tbs: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
  trailing: Uint8Array = nothing,
): Uint8Array => sequence(tbs, algorithm.identifierDer, ...bitStringPieces(signature), trailing);

const nothing = new Uint8Array(0);

export interface SignedParts {
  /** Whole TLVs, views. */
  readonly tbs: Uint8Array;
  readonly algorithmDer: Uint8Array;
  /** Content of the BIT STRING. */
  readonly signature: Uint8Array;
}

/** The three parts of a certificate or CRL; DerError unless `signed` is exactly that. */
export function openSigned(signed: Uint8Array): SignedParts {
  const outer = new DerReader(signed);
  const body = outer.enterSequence();
  outer.expectEnd();
  const tbs = body.whole(body.expect(tag.sequence));
  const algorithmDer = body.whole(body.expect(tag.sequence));
  const signature = readOctetAlignedBitString(body);
  body.expectEnd();
  if (signature.length === 0) throw new DerError('badBitString', outer.position);
  return { tbs, algorithmDer, signature };
}
