/** A certificate of the inventory as its REST shape: plain values, RFC 3339 times, links. */
import { hash } from 'node:crypto';
import type { CertificateJson } from '../../../api/certificate.ts';
import type { AuthorityJson } from '../../../api/service.ts';
import { encodePem } from '../../../domain/der/pem.ts';
import { formatName } from '../../../domain/x509/name.ts';
import type { AuthorityView } from '../../../services/authorities/authority-services.ts';
import type { ExternalView } from '../../../services/authorities/external-authorities.ts';
import type { CertificateView, DistributionUrls } from '../../../services/services.ts';
import { certificateSummary, certificateSummaryText } from './certificate-summary.ts';
import { rfc3339 } from './rfc3339.ts';

/** The whole of a certificate. `self` and `revoke` are paths on the face that is asked, the rest absolute. */
export function certificateJson(view: CertificateView, urls: DistributionUrls, now: number): CertificateJson {
  return {
    ...certificateSummary(view.record, now),
    certificate: certificatePem(view.der),
    chain: view.chainDer.map(chainPem),
    links: linksOf(view, urls),
  };
}

/**
 * The same as text, several times faster than JSON.stringify of it: three quarters of it are PEM, in which only the line
 * ends need an escape.
 */
export function certificateJsonText(view: CertificateView, urls: DistributionUrls, now: number): string {
  const summary = certificateSummaryText(view.record, now).slice(0, -1);
  const chain = view.chainDer.map(chainPemText).join(',');
  const links = JSON.stringify(linksOf(view, urls));
  return `${summary},"certificate":${pemText(view.der)},"chain":[${chain}],"links":${links}}`;
}

function linksOf({ record, issuer }: CertificateView, urls: DistributionUrls): CertificateJson['links'] {
  const self = certificatePath(record.serial);
  return {
    self,
    revoke: `${self}/revoke`,
    crl: urls.crl(issuer),
    ocsp: urls.ocsp(issuer),
    issuer: urls.aia(issuer),
    trustBundle: urls.trustBundle(record.environment ?? 'system'),
  };
}

export const certificatePath = (serial: string): string => `/v1/certificates/${serial}`;

export const certificatePem = (der: Uint8Array): string => encodePem('CERTIFICATE', der);

/** PEM as JSON text. */
const pemText = (der: Uint8Array): string => `"${encodePem('CERTIFICATE', der, '\\n')}"`;

/** Issuers are the same few for thousands of certificates: each is encoded once for as long as it is in force. */
function onceForEach(encode: (der: Uint8Array) => string): (der: Uint8Array) => string {
  const encoded = new WeakMap<Uint8Array, string>();
  return (der) => {
    const known = encoded.get(der);
    if (known !== undefined) return known;
    const text = encode(der);
    encoded.set(der, text);
    return text;
  };
}

export const chainPem = onceForEach(certificatePem);
const chainPemText = onceForEach(pemText);

export function authorityJson({
  authority,
  id,
  generation,
  certificate,
  certificateDer,
}: AuthorityView): AuthorityJson {
  return {
    name: id,
    authority: authority.name,
    generation: generation.number,
    phase: generation.phase,
    role: authority.role,
    environment: authority.environment,
    // Who signed this one; another generation may have been signed by another.
    parent: certificate.authority,
    keyType: authority.keyType,
    signatureAlgorithm: authority.signatureAlgorithm,
    subject: certificate.subject,
    serial: certificate.serial,
    sha256: hash('sha256', certificateDer, 'hex'),
    notBefore: rfc3339(certificate.notBefore),
    notAfter: rfc3339(certificate.notAfter),
    certificate: chainPem(certificateDer),
  };
}

/** One whose key is elsewhere: it has one generation, as far as can be known here. */
export function externalAuthorityJson({ external, parsed }: ExternalView): AuthorityJson {
  return {
    name: external.name,
    authority: external.name,
    generation: 1,
    phase: 'inForce',
    role: 'external',
    environment: external.environment,
    parent: external.parent,
    keyType: parsed.publicKey().keyType,
    signatureAlgorithm: parsed.signatureAlgorithm.name,
    subject: formatName(parsed.subject),
    serial: parsed.serial,
    sha256: external.sha256,
    notBefore: rfc3339(parsed.notBefore),
    notAfter: rfc3339(parsed.notAfter),
    certificate: chainPem(external.certificateDer),
  };
}
