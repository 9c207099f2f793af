/** OCSP responses (RFC 6960 §4.2): ResponseData to sign, the response around it, and the unsigned error answers. */
import { contextTag, tag } from '../der/tag.ts';
import * as der from '../der/writer.ts';
import { type RevocationReason, revocationReasons } from '../policy/revocation-reason.ts';
import { extension } from '../x509/extensions.ts';
import { oidDer } from '../x509/oid-der.ts';
import type { SignatureAlgorithm } from '../x509/signature-algorithm.ts';
import { assembleSigned } from '../x509/signed.ts';
import { responderKeyHash } from './key-hash.ts';

/** Times in Unix seconds. */
export interface SingleResponse {
  /** The CertID of the request, as it came. */
  readonly certIdDer: Uint8Array;
  readonly status: 'good' | 'revoked' | 'unknown';
  /** revocationTime; needed when revoked. */
  readonly revokedAt?: number;
  readonly reason?: RevocationReason;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

export interface ResponseDataFields {
  /** SubjectPublicKeyInfo of the responder's key. */
  readonly responderPublicKeyDer: Uint8Array;
  readonly producedAt: number;
  readonly responses: readonly SingleResponse[];
  /** The request's nonce, echoed (RFC 9654). */
  readonly nonce?: Uint8Array;
}

/** ResponseData (RFC 6960 §4.2.1), the bytes to sign; version is DEFAULT v1, so absent. */
export function encodeResponseData(fields: ResponseDataFields): Uint8Array {
  return der.sequence(
    responderIdByKey(fields.responderPublicKeyDer),
    der.generalizedTime(fields.producedAt),
    der.tlvOf(tag.sequence, fields.responses.map(singleResponse)),
    ...(fields.nonce ? [der.explicit(1, der.sequence(nonceExtension(fields.nonce)))] : []),
  );
}

/** ResponderID byKey [2]: short, and right whatever the responder's name. */
const responderIdByKey = (spkiDer: Uint8Array): Uint8Array =>
  der.explicit(2, der.octetString(responderKeyHash(spkiDer)));

function singleResponse(response: SingleResponse): Uint8Array {
  return der.sequence(
    response.certIdDer,
    certStatus(response),
    der.generalizedTime(response.thisUpdate),
    der.explicit(0, der.generalizedTime(response.nextUpdate)),
  );
}

/** CertStatus ::= CHOICE { good [0], revoked [1], unknown [2] }, all IMPLICIT. */
function certStatus({ status, revokedAt, reason = 'unspecified' }: SingleResponse): Uint8Array {
  if (status !== 'revoked') return der.implicit(status === 'good' ? 0 : 2, nothing);
  if (revokedAt === undefined) throw new RangeError('a revoked status has its time');
  // As on CRLs, the absent reason says `unspecified` (RFC 5280 §5.3.1).
  const revocationReason =
    reason === 'unspecified' ? nothing : der.explicit(0, der.enumerated(revocationReasons[reason]));
  return der.tlv(contextTag(1, true), der.generalizedTime(revokedAt), revocationReason);
}

const nothing = new Uint8Array(0);

const nonceExtension = (nonce: Uint8Array): Uint8Array =>
  extension(oidDer.idPkixOcspNonce, der.octetString(nonce), false);

/** A successful OCSPResponse around a signed ResponseData; `certificatesDer` lets clients verify it, responder first. */
export function assembleOcspResponse(
  responseData: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
  certificatesDer: readonly Uint8Array[],
): Uint8Array {
  const certs = certificatesDer.length === 0 ? nothing : der.explicit(0, der.sequence(...certificatesDer));
  const basic = assembleSigned(responseData, algorithm, signature, certs);
  const responseBytes = der.sequence(oidDer.idPkixOcspBasic, der.octetString(basic));
  return der.sequence(der.enumerated(successful), der.explicit(0, responseBytes));
}

const successful = 0;

/** OCSPResponseStatus (RFC 6960 §4.2.1) of what is no answer; 4 is not used. */
export const errorStatus = {
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
} as const;

/** An error answer: a status alone, without signature or content (RFC 6960 §2.3). */
export const ocspErrorResponse = (status: keyof typeof errorStatus): Uint8Array =>
  der.sequence(der.enumerated(errorStatus[status]));
