/** PKCS#10 certification requests (RFC 2986): the strict grammar, and the proof that the sender holds the private key. */
import { assertCanonicalDer } from '../der/canonical.ts';
import { DerError } from '../der/error.ts';
import { DerReader } from '../der/reader.ts';
import { contextTag, tag } from '../der/tag.ts';
import { readOctetAlignedBitString, readOid } from '../der/value.ts';
import type { Reason, ReasonCode } from '../errors.ts';
import { checkKeyRules } from '../policy/key-rules.ts';
import type { IsKnownWeakKey } from '../policy/known-weak-keys.ts';
import { collectReasons, refuse, refuseIfAny } from '../refusal.ts';
import { readAttributes } from './csr-attributes.ts';
import type { GeneralName } from './general-name.ts';
import { type DistinguishedName, decodeName } from './name.ts';
import { oids } from './oids.ts';
import {
  parseSubjectPublicKey,
  type SignedBytes,
  type SubjectPublicKey,
  verifySignature,
  verifySignatureSync,
} from './public-key.ts';
import { findSignatureAlgorithm, type SignatureAlgorithm, signatureAlgorithms } from './signature-algorithm.ts';
import { checkSubject } from './subject-rules.ts';

/** A CSR that keeps every rule of form, and whose key keeps every key rule. All views are into `der`. */
export interface Csr {
  readonly der: Uint8Array;
  readonly subject: DistinguishedName;
  readonly publicKey: SubjectPublicKey;
  /** subjectAltName in its order, each name once; empty without one. */
  readonly names: readonly GeneralName[];
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** CertificationRequestInfo: what `signature` signs. */
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
}

/** What is left of a CSR once its signature has proven that the sender holds the key: plain values that may cross threads. */
export interface ProvenCsr {
  readonly subject: DistinguishedName;
  readonly names: readonly GeneralName[];
  readonly publicKey: Omit<SubjectPublicKey, 'keyObject'>;
}

const maxCsrOctets = 64 * 1024;

/**
 * Reads one canonical CSR. Throws the CaError with all reasons that could be told apart; where the structure itself
 * breaks, that one reason. Key rules are part of it, so that no signature is ever verified with a weak key.
 */
export function parseCsr(der: Uint8Array, isKnownWeakKey: IsKnownWeakKey): Csr {
  if (der.length > maxCsrOctets) refuse([reason('tooLarge', 'The CSR is larger than 64 KiB.')]);
  inStage('notDer', 'The CSR is not canonical DER', () => assertCanonicalDer(der));
  return inStage('wrongStructure', 'The CSR does not have the structure of PKCS#10', () =>
    readCsr(der, isKnownWeakKey),
  );
}

/** Reads the CSR and verifies its signature, off this thread; rejects as `parseCsr` throws and `verifyCsr` rejects. */
export async function proveCsr(der: Uint8Array, isKnownWeakKey: IsKnownWeakKey): Promise<ProvenCsr> {
  const csr = parseCsr(der, isKnownWeakKey);
  await verifyCsr(csr);
  return withoutProof(csr);
}

/** The same on this thread, for one that has nothing else to do. */
export function proveCsrSync(der: Uint8Array, isKnownWeakKey: IsKnownWeakKey): ProvenCsr {
  const csr = parseCsr(der, isKnownWeakKey);
  if (!verifySignatureSync(signedBytesOf(csr))) refuseSignature();
  return withoutProof(csr);
}

/** Verifies the CSR's signature by its own key (RFC 2986 §4.2); rejects with CaError `badCSR`. */
export async function verifyCsr(csr: Csr): Promise<void> {
  if (!(await verifySignature(signedBytesOf(csr)))) refuseSignature();
}

const signedBytesOf = ({ tbs, signature, signatureAlgorithm: algorithm, publicKey }: Csr): SignedBytes => ({
  tbs,
  signature,
  algorithm,
  publicKey,
});

const refuseSignature = (): never =>
  refuse([reason('badSignature', 'The CSR is not signed by the private key of its public key.', 'csr.signature')]);

function withoutProof({ subject, names, publicKey: { keyObject: _, ...publicKey } }: Csr): ProvenCsr {
  return { subject, names, publicKey };
}

/** CertificationRequest ::= SEQUENCE { certificationRequestInfo, signatureAlgorithm, signature } */
function readCsr(der: Uint8Array, isKnownWeakKey: IsKnownWeakKey): Csr {
  const outer = new DerReader(der);
  const fields = outer.enterSequence();
  const info = fields.expect(tag.sequence);
  const algorithm = fields.expect(tag.sequence);
  const signature = readOctetAlignedBitString(fields);
  fields.expectEnd();
  const { subjectDer, spkiDer, attributes } = readInfo(fields.inside(info));

  // What one stage refuses is kept, so that the others still have their say.
  const reasons: Reason[] = [];
  const subject = collectReasons(reasons, () => readSubject(subjectDer));
  const publicKey = collectReasons(reasons, () => readPublicKey(spkiDer, isKnownWeakKey));
  const signatureAlgorithm = collectReasons(reasons, () => readAlgorithm(fields.whole(algorithm), publicKey));
  const names = collectReasons(reasons, () => readAttributes(attributes));
  if (!subject || !publicKey || !signatureAlgorithm || !names) return refuse(reasons);
  return { der, subject, publicKey, names, signatureAlgorithm, tbs: fields.whole(info), signature };
}

/** CertificationRequestInfo ::= SEQUENCE { version (0), subject, subjectPKInfo, attributes [0] } */
function readInfo(info: DerReader): { subjectDer: Uint8Array; spkiDer: Uint8Array; attributes: DerReader } {
  const version = info.content(info.expect(tag.integer));
  if (version.length !== 1 || version[0] !== 0) refuse([reason('wrongVersion', 'The version of the CSR is not 0.')]);
  const subjectDer = info.whole(info.expect(tag.sequence));
  const spkiDer = info.whole(info.expect(tag.sequence));
  const attributes = info.enter(contextTag(0, true));
  info.expectEnd();
  return { subjectDer, spkiDer, attributes };
}

function readSubject(subjectDer: Uint8Array): DistinguishedName {
  const subject = inStage('badSubject', 'The subject is not a Name of plain strings', () => decodeName(subjectDer));
  refuseIfAny(checkSubject(subject));
  return subject;
}

function readPublicKey(spkiDer: Uint8Array, isKnownWeakKey: IsKnownWeakKey): SubjectPublicKey {
  const publicKey = parseSubjectPublicKey(spkiDer);
  refuseIfAny(checkKeyRules(publicKey, isKnownWeakKey));
  return publicKey;
}

const knownAlgorithmOids = new Set(
  Object.values(signatureAlgorithms).map(({ identifierDer }) => readOid(new DerReader(identifierDer).enterSequence())),
);

const unsupportedAlgorithm =
  'The signature algorithm is not accepted. Sign the CSR with SHA-256, SHA-384 or SHA-512, or an Ed25519 key.';

const badParameters =
  'The signature algorithm has other parameters than it may have: none for ECDSA and Ed25519, NULL for RSA with PKCS#1 v1.5.';
/** What openssl does unless it is told: the longest salt that fits. */
const badPss =
  'RSASSA-PSS must have one hash, SHA-256, SHA-384 or SHA-512, and a salt of its length: `openssl req -sigopt rsa_pss_saltlen:digest`.';

/** The whole AlgorithmIdentifier is one of ours, octet for octet, and fits the key if that could be read. */
function readAlgorithm(identifierDer: Uint8Array, publicKey: SubjectPublicKey | undefined): SignatureAlgorithm {
  const algorithm = findSignatureAlgorithm(identifierDer);
  const field = 'csr.signatureAlgorithm';
  if (!algorithm) {
    const value = readOid(new DerReader(identifierDer).enterSequence());
    return knownAlgorithmOids.has(value)
      ? refuse([
          {
            code: 'badAlgorithmParameters',
            message: value === oids.idRsassaPss ? badPss : badParameters,
            field,
            value,
          },
        ])
      : refuse([{ code: 'unsupportedSignatureAlgorithm', message: unsupportedAlgorithm, field, value }]);
  }
  if (publicKey && publicKey.family !== algorithm.keyFamily) {
    refuse([reason('algorithmKeyMismatch', 'The signature algorithm is not one for this kind of key.', field)]);
  }
  return algorithm;
}

/** Runs `read`; a DerError becomes the refusal `code`, with where it was seen. */
function inStage<T>(code: ReasonCode, sentence: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    const told = error.code === 'trailingBytes' && code === 'notDer' ? 'trailingBytes' : code;
    return refuse([reason(told, `${sentence}: ${error.code} at byte ${error.offset}.`)], error);
  }
}

const reason = (code: ReasonCode, message: string, field = 'csr'): Reason => ({ code, message, field });
