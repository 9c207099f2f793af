/** What a CRL (RFC 5280 §5) or an OCSP answer (RFC 6960 §3.2) says of one certificate, believed only as far as its issuer signed it. */
import type { X509Certificate } from 'node:crypto';
import { CaError, type ReasonCode } from '../errors.ts';
import { type OcspAnswer, parseOcspResponse } from '../ocsp/read-response.ts';
import { isAbout } from '../ocsp/request.ts';
import { judgeCrl } from '../policy/judge-crl.ts';
import { type ForeignCertificate, parseForeignCertificate } from '../x509/certificate.ts';
import { isWhole } from '../x509/crl-scope.ts';
import { isIssuedBy } from '../x509/issued-by.ts';
import { oids } from '../x509/oids.ts';
import { type SubjectPublicKey, verifySignature } from '../x509/public-key.ts';
import { parseForeignCrl } from '../x509/read-crl.ts';
import { parseSerial } from '../x509/serial.ts';
import { findSignatureAlgorithm } from '../x509/signature-algorithm.ts';
import { readLeniently } from './judge-server-chain.ts';

export type RevocationWord =
  | { readonly state: 'good' }
  /** Unix seconds. */
  | { readonly state: 'revoked'; readonly at: number }
  /** A sentence's end: why nothing follows from it. */
  | { readonly state: 'unknown'; readonly because: string };

export interface Asked {
  readonly certificate: X509Certificate;
  readonly issuer: X509Certificate;
  /** Unix seconds. */
  readonly now: number;
}

const unknown = (because: string): RevocationWord => ({ state: 'unknown', because });

/** Undefined for the list of another issuer. */
export function wordOfCrl(
  crlDer: Uint8Array,
  { certificate, issuer, now }: Asked,
): Promise<RevocationWord | undefined> {
  return lenient<RevocationWord | undefined>(async () => {
    const crl = parseForeignCrl(crlDer);
    const about = isWhole(crl.scope) ? [] : [parseForeignCertificate(certificate.raw)];
    const reasons = await judgeCrl({ crl, issuer: parseForeignCertificate(issuer.raw), now, served: null, about });
    if (reasons.some(({ code }) => code === 'crlOfAnother')) return undefined;
    const grave = reasons.find(({ code }) => !isSilent(code));
    if (grave) return unknown(`${grave.message} (${grave.value})`);
    const serial = parseSerial(certificate.serialNumber);
    const entry = crl.entries.find((listed) => listed.serial === serial);
    if (entry) return { state: 'revoked', at: entry.at };
    const [silent] = reasons;
    return silent ? unknown(`${silent.message} (${silent.value})`) : { state: 'good' };
  });
}

/** What is listed is revoked all the same; only that it is not says nothing. */
const isSilent = (code: ReasonCode): boolean => code === 'crlExpired' || code === 'crlOfOthers';

export function wordOfOcsp(responseDer: Uint8Array, asked: Asked): Promise<RevocationWord> {
  return lenient<RevocationWord>(async () => {
    const answer = parseOcspResponse(responseDer);
    if (typeof answer === 'string') return unknown(`the responder says ${answer}`);
    const issuer = parseForeignCertificate(asked.issuer.raw);
    const serial = parseSerial(asked.certificate.serialNumber);
    const names = { subjectDer: issuer.subject.der, spkiDer: issuer.spkiDer };
    const found = answer.statuses.find(({ certId }) => serial !== undefined && isAbout(certId, names, serial));
    if (!found) return unknown('it is about another certificate');
    if (!(await isProven(answer, issuer, asked))) return unknown('nobody whom the issuer authorised signed it');
    if (found.status === 'revoked') return { state: 'revoked', at: found.revokedAt! };
    if (found.status === 'unknown') return unknown('the responder does not know the certificate');
    const isOver = found.thisUpdate > asked.now || (found.nextUpdate ?? Number.POSITIVE_INFINITY) <= asked.now;
    return isOver ? unknown('its time is not now') : { state: 'good' };
  });
}

/** RFC 6960 §4.2.2.2: the issuer itself signed, or one that it certified for OCSPSigning and whose time it is. */
async function isProven(answer: OcspAnswer, issuer: ForeignCertificate, asked: Asked): Promise<boolean> {
  if (await isSignedBy(answer, issuer.publicKey())) return true;
  for (const der of answer.certificatesDer) {
    const [responder] = readLeniently(der);
    if (!responder || !mayAnswerFor(asked, responder)) continue;
    if (await isSignedBy(answer, parseForeignCertificate(der).publicKey())) return true;
  }
  return false;
}

function mayAnswerFor({ issuer, now }: Asked, responder: X509Certificate): boolean {
  const isInTime = Date.parse(responder.validFrom) <= now * 1000 && now * 1000 <= Date.parse(responder.validTo);
  return isInTime && responder.keyUsage?.includes(oids.ocspSigning) === true && isIssuedBy(responder, issuer);
}

async function isSignedBy({ tbs, signature, algorithmDer }: OcspAnswer, publicKey: SubjectPublicKey): Promise<boolean> {
  const algorithm = findSignatureAlgorithm(algorithmDer);
  return algorithm !== undefined && verifySignature({ tbs, signature, algorithm, publicKey });
}

/** What comes from elsewhere may be anything; then nothing is known by it. */
async function lenient<Word>(judge: () => Promise<Word>): Promise<Word | RevocationWord> {
  try {
    return await judge();
  } catch (error) {
    if (error instanceof CaError) return unknown(`it cannot be read (${error.message})`);
    throw error;
  }
}
