/** Builds OCSP requests (RFC 6960 §4.1.1) for tests, well formed unless a part is replaced. */
import { createHash } from 'node:crypto';
import * as der from '../../src/domain/der/writer.ts';
import type { OcspHash } from '../../src/domain/ocsp/request.ts';
import { extension } from '../../src/domain/x509/extensions.ts';
import { oidDer } from '../../src/domain/x509/oid-der.ts';
import { subjectPublicKeyBits } from '../../src/domain/x509/public-key.ts';
import { serialInteger } from '../../src/domain/x509/serial.ts';

export interface OcspIssuer {
  readonly subjectDer: Uint8Array;
  readonly key: { readonly spkiDer: Uint8Array };
}

export function encodeCertId(issuer: OcspIssuer, serial: string, hash: OcspHash = 'sha1'): Uint8Array {
  const digest = (bytes: Uint8Array) => der.octetString(createHash(hash).update(bytes).digest());
  return der.sequence(
    der.sequence(oidDer[hash], der.nullValue()),
    digest(issuer.subjectDer),
    digest(subjectPublicKeyBits(issuer.key.spkiDer)),
    serialInteger(serial),
  );
}

export const nonceExtension = (nonce: Uint8Array): Uint8Array =>
  extension(oidDer.idPkixOcspNonce, der.octetString(nonce), false);

/** `extensions` are requestExtensions; `before` comes before the requestList, `after` behind the TBSRequest. */
export function encodeOcspRequest(
  certIds: readonly Uint8Array[],
  parts: {
    readonly extensions?: readonly Uint8Array[];
    readonly before?: readonly Uint8Array[];
    readonly after?: readonly Uint8Array[];
  } = {},
): Uint8Array {
  const requests = certIds.map((certId) => der.sequence(certId));
  const extensions = parts.extensions ? [der.explicit(2, der.sequence(...parts.extensions))] : [];
  const tbsRequest = der.sequence(...(parts.before ?? []), der.sequence(...requests), ...extensions);
  return der.sequence(tbsRequest, ...(parts.after ?? []));
}
