/**
 * Checks that an issued certificate is what was asked for: our key, our names, and a chain to what we trust (the part of
 * RFC 5280 §6.1 that a holder can check).
 */

import type { X509Certificate } from 'node:crypto';
import { CodedError } from '../domain/coded-error.ts';
import { decodePemAll } from '../domain/der/pem.ts';
import { parseCertificate } from '../domain/x509/certificate.ts';
import type { GeneralName } from '../domain/x509/general-name.ts';
import { isIssuedBy } from '../domain/x509/issued-by.ts';
import { openCertificate } from '../domain/x509/open-certificate.ts';

export interface Expectations {
  readonly spkiDer: Uint8Array;
  readonly names: readonly GeneralName[];
  /** The roots, PEM, and where they are from, for the message. */
  readonly trustPem: string;
  readonly trustSource: string;
  /** Unix milliseconds. */
  readonly now: number;
}

export interface IssuedPem {
  readonly serial: string;
  readonly certificate: string;
  readonly chain: readonly string[];
}

/** The answer is not for our key or names, or does not chain to the trust; `message` says so and what to do next. */
export class AnswerRefused extends CodedError<'answerNotOurs' | 'answerNotTrusted'> {
  override readonly name = 'AnswerRefused';
}

/** Throws AnswerRefused. */
export function checkAnswer(issued: IssuedPem, expected: Expectations): void {
  const [leaf] = certificatesOf(issued.certificate, 'answerNotOurs');
  assertOurs(leaf!, issued.serial, expected);
  const chain = issued.chain.flatMap((pem) => certificatesOf(pem, 'answerNotTrusted'));
  const roots = certificatesOf(expected.trustPem, 'answerNotTrusted');
  assertTrusted([leaf!, ...chain], roots, expected);
}

function certificatesOf(pem: string, code: 'answerNotOurs' | 'answerNotTrusted'): X509Certificate[] {
  try {
    return decodePemAll(pem, 'CERTIFICATE').map((der) => openCertificate(der));
  } catch (error) {
    throw new AnswerRefused(code, 'The service’s answer, or the trust file, does not hold certificates in PEM.', error);
  }
}

function assertOurs(leaf: X509Certificate, serial: string, expected: Expectations): void {
  if (leaf.serialNumber.toLowerCase() !== serial) {
    throw new AnswerRefused('answerNotOurs', `The answer speaks of certificate ${serial} and holds another one.`);
  }
  const spkiDer = leaf.publicKey.export({ type: 'spki', format: 'der' });
  if (!spkiDer.equals(expected.spkiDer)) {
    throw new AnswerRefused(
      'answerNotOurs',
      `Certificate ${serial} is for another key than the one made here. Nothing was written.`,
    );
  }
  const held = parseCertificate(leaf.raw).names.map((name) => name.value);
  const missing = expected.names.filter((name) => !held.includes(name.value)).map((name) => name.value);
  if (missing.length > 0) {
    throw new AnswerRefused('answerNotOurs', `Certificate ${serial} lacks ${missing.join(', ')}. Nothing was written.`);
  }
}

/** Each certificate is signed by the next, the last by a root, and all are valid now. */
function assertTrusted(
  path: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  expected: Expectations,
): void {
  const last = path.at(-1)!;
  const root = roots.find((candidate) => isIssuedBy(last, candidate));
  const isLinked = path.every(
    (certificate, index) => index === path.length - 1 || isIssuedBy(certificate, path[index + 1]!),
  );
  if (!root || !isLinked) {
    throw new AnswerRefused(
      'answerNotTrusted',
      `The certificate does not chain to ${expected.trustSource}. Nothing was written. Is that the trust file of this environment?`,
    );
  }
  const late = [...path, root].find(({ validFromDate, validToDate }) => {
    return validFromDate.getTime() > expected.now || validToDate.getTime() < expected.now;
  });
  if (late) {
    throw new AnswerRefused(
      'answerNotTrusted',
      `${late.subject.replaceAll('\n', ', ') || 'The certificate'}, of the chain, is good from ${late.validFromDate.toISOString()} to ${late.validToDate.toISOString()}, and the clock here says ${new Date(expected.now).toISOString()}. Check that clock, and the service’s.`,
    );
  }
}
