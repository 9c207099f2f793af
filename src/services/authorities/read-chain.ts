/** Reads a chain that was made elsewhere, and completes it up to a root that somebody answers for. */
import { decodePem, decodePemAll } from '../../domain/der/pem.ts';
import { CaError, type Reason } from '../../domain/errors.ts';
import {
  certificateField,
  fingerprint,
  isSelfIssued,
  longestChain,
  subjectOf,
} from '../../domain/policy/judge-chain.ts';
import type { ExternalAuthority } from '../../domain/records/external-authority.ts';
import { collectReasons, refuse, refuseIfAny } from '../../domain/refusal.ts';
import { type ForeignCertificate, parseForeignCertificate } from '../../domain/x509/certificate.ts';
import type { ImportInput } from './authority-services.ts';

/** Ours first; throws where a certificate cannot be read, for then nothing can be said of the others. */
export const readChain = (input: ImportInput, external: readonly ExternalAuthority[]): RootedChain =>
  withRoot(readCertificates(input), input, external);

function readCertificates({ chainPem }: ImportInput): readonly ForeignCertificate[] {
  const ders = decodePemAll(chainPem, 'CERTIFICATE');
  if (ders.length > longestChain) {
    refuse([
      { code: 'chainTooLong', message: `The chain has more than ${longestChain} certificates.`, field: 'chain' },
    ]);
  }
  const reasons: Reason[] = [];
  const chain = ders.flatMap((der, index) => readOne(der, certificateField(index), reasons) ?? []);
  // What cannot be read has no place in a chain: nothing more can be said of it.
  refuseIfAny(reasons);
  return chain;
}

function readOne(der: Uint8Array, field: string, reasons: Reason[]): ForeignCertificate | undefined {
  return collectReasons(reasons, () => {
    try {
      return parseForeignCertificate(der);
    } catch (cause) {
      if (!(cause instanceof CaError)) throw cause;
      return refuse([{ code: 'badCertificate', message: cause.message, field }], cause);
    }
  });
}

export interface RootedChain {
  /** To its root, where that is known. */
  readonly chain: readonly ForeignCertificate[];
  readonly reasons: Reason[];
}

/** The root is one that was imported before, one that is given beside the chain, or one that the caller names by its fingerprint. */
function withRoot(
  given: readonly ForeignCertificate[],
  { rootPem, rootSha256 }: ImportInput,
  external: readonly ExternalAuthority[],
): RootedChain {
  const reasons: Reason[] = [];
  const root = rootPem === undefined ? undefined : readOne(decodePem(rootPem, 'CERTIFICATE'), 'root', reasons);
  refuseIfAny(reasons);
  const chain = completed(given, root, external);
  const last = chain.at(-1)!;
  const field = certificateField(chain.length - 1);
  if (!isSelfIssued(last)) {
    const message = 'The chain does not end with its root. Add the root to it, or give it beside it.';
    reasons.push({ code: 'rootMissing', message, field, value: subjectOf(last) });
    return { chain, reasons };
  }
  const value = fingerprint(last.der);
  const confirmed = [...external.map(({ sha256 }) => sha256), root && fingerprint(root.der), rootSha256?.toLowerCase()];
  if (!confirmed.includes(value)) {
    const message = `Nobody confirmed the root ${subjectOf(last)}. Compare the SHA-256 with what its owner says, and give it as rootSha256, or the root itself as root.`;
    reasons.push({ code: 'rootNotConfirmed', message, field, value });
  }
  return { chain, reasons };
}

/** With the issuers that are known and were left out. */
function completed(
  given: readonly ForeignCertificate[],
  root: ForeignCertificate | undefined,
  external: readonly ExternalAuthority[],
): readonly ForeignCertificate[] {
  const known = external.map(({ certificateDer }) => parseForeignCertificate(certificateDer));
  const chain = [...given];
  while (chain.length <= longestChain) {
    const last = chain.at(-1)!;
    if (isSelfIssued(last)) break;
    const named = [...(root ? [root] : []), ...known].filter(
      ({ subject }) => Buffer.compare(subject.der, last.issuer.der) === 0,
    );
    // A corporate root whose key was replaced has kept its name.
    const issuer = named.find((one) => isKeyOf(one, last)) ?? named[0];
    if (!issuer) break;
    chain.push(issuer);
  }
  return chain;
}

/** Whether the authorityKeyIdentifier says so (RFC 5280 §4.2.1.1). */
const isKeyOf = (issuer: ForeignCertificate, { authorityKeyIdentifier: named }: ForeignCertificate): boolean =>
  named !== undefined &&
  issuer.subjectKeyIdentifier !== undefined &&
  Buffer.compare(named, issuer.subjectKeyIdentifier) === 0;
