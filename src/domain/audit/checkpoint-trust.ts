/** Whether a checkpoint was signed by a key that may: certified for it by `system`, or named by whoever verifies. */
import { decodePem } from '../der/pem.ts';
import { CaError } from '../errors.ts';
import { type ParsedCertificate, parseCertificate } from '../x509/certificate.ts';
import { oids } from '../x509/oids.ts';
import { parseSubjectPublicKey, verifySignature } from '../x509/public-key.ts';
import { signatureAlgorithms } from '../x509/signature-algorithm.ts';
import { type CheckpointNote, checkpointAlgorithm } from './checkpoint.ts';

/** Either the certificates of `system` (DER), or the one key that is believed (SubjectPublicKeyInfo, DER). */
export type CheckpointTrust = { readonly systemDers: readonly Uint8Array[] } | { readonly publicKeyDer: Uint8Array };

/** A note and its key's certificate, from the note or from beside it. */
export interface CheckpointProof extends Pick<CheckpointNote, 'checkpoint' | 'text' | 'signature'> {
  readonly certificateDer: Uint8Array | undefined;
}

/** Undefined when it is well signed, else a sentence part that says why not: `is not signed by …`. */
export type JudgeCheckpoint = (proof: CheckpointProof) => Promise<string | undefined>;

/** A note as it came, with its certificate read; CaError `malformed` when that is no certificate in PEM. */
export const proofOf = (note: CheckpointNote): CheckpointProof => ({
  ...note,
  certificateDer: note.certificatePem === '' ? undefined : decodePem(note.certificatePem, 'CERTIFICATE'),
});

export function createJudgeCheckpoint(trust: CheckpointTrust): JudgeCheckpoint {
  if ('publicKeyDer' in trust) {
    return async (proof) =>
      (await isSignedBy(trust.publicKeyDer, proof)) ? undefined : 'is not signed by that public key';
  }
  const issuers = trust.systemDers.map(parseCertificate);
  // A log has few keys and many checkpoints: what was found of a certificate is kept while the next one is the same.
  let known: { readonly der: Uint8Array; readonly key: Promise<AuditKey | string> } | undefined;
  return async (proof) => {
    const der = proof.certificateDer;
    if (!der) return 'comes without the certificate of its key';
    if (!known || Buffer.compare(known.der, der) !== 0) known = { der, key: readKey(der, issuers) };
    const key = await known.key;
    if (typeof key === 'string') return key;
    const at = proof.checkpoint.at / 1000;
    if (at < key.notBefore || at >= key.notAfter + 1)
      return 'is of a time at which its key’s certificate was not valid';
    return (await isSignedBy(key.spkiDer, proof)) ? undefined : 'is not signed by the key of its certificate';
  };
}

type AuditKey = Pick<ParsedCertificate, 'spkiDer' | 'notBefore' | 'notAfter'>;

/** The key that `system` certified for checkpoints and nothing else, or why it is none. */
async function readKey(der: Uint8Array, issuers: readonly ParsedCertificate[]): Promise<AuditKey | string> {
  try {
    const certificate = parseCertificate(der);
    const { tbs, signature, signatureAlgorithm: algorithm } = certificate;
    for (const issuer of issuers) {
      if (Buffer.compare(issuer.subject.der, certificate.issuer.der) !== 0) continue;
      if (!(await verifySignature({ tbs, signature, algorithm, publicKey: issuer.publicKey() }))) continue;
      return isForCheckpoints(certificate) ? certificate : 'is signed by a key whose certificate is for something else';
    }
    return 'is signed by a key that the trusted authority has not certified; where `system` was rotated, trust its other roots, too';
  } catch (error) {
    if (error instanceof CaError) return 'comes with a certificate that cannot be read';
    throw error;
  }
}

/** RFC 9336: documentSigning, which neither TLS nor OCSP nor an authority accepts. */
const isForCheckpoints = ({ extKeyUsage, basicConstraints }: ParsedCertificate): boolean =>
  basicConstraints?.ca !== true && extKeyUsage?.length === 1 && extKeyUsage[0] === oids.documentSigning;

async function isSignedBy(publicKeyDer: Uint8Array, { text, signature }: CheckpointProof): Promise<boolean> {
  const publicKey = parseSubjectPublicKey(publicKeyDer);
  const algorithm = signatureAlgorithms[checkpointAlgorithm];
  return verifySignature({ tbs: Buffer.from(text), signature, algorithm, publicKey });
}
