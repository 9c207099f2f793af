/** The acts of an offline root: made once, then it signs requests and lists; each act is in the journal before its result leaves. */
import { hash } from 'node:crypto';
import {
  type CeremonyAct,
  type CeremonyEntry,
  nextLine,
  type RevokedBelow,
  readJournal,
} from '../../domain/ceremony/journal.ts';
import {
  type OfflineAddresses,
  prepareIssuingCertificate,
  prepareOfflineRoot,
} from '../../domain/ceremony/offline-certificates.ts';
import { CaError, StartError } from '../../domain/errors.ts';
import type { RevocationReason } from '../../domain/policy/revocation-reason.ts';
import { type ParsedCertificate, parseCertificate } from '../../domain/x509/certificate.ts';
import { encodeCrlEntry, encodeTbsCertList } from '../../domain/x509/crl.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import { encodeName } from '../../domain/x509/name.ts';
import { makeSerial, parseSerial } from '../../domain/x509/serial.ts';
import { defaultSignatureAlgorithm, type SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import { assembleSigned } from '../../domain/x509/signed.ts';
import type { SigningRequest } from '../../domain/x509/signing-request.ts';
import type { CeremonyJournal } from '../../ports/ceremony-journal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Signer, Vault } from '../../ports/vault.ts';
import { freshKeyName } from '../vaults/fresh-key.ts';
import { verifiedSigner } from '../vaults/verified-signer.ts';

export interface CeremonyDeps {
  readonly vault: Vault;
  readonly journal: CeremonyJournal;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Versions of the program and of what it runs on. */
  readonly program: string;
}

export interface RootWanted {
  readonly commonName: string;
  readonly organization?: string;
  readonly keyType: KeyType;
  readonly lifetimeSeconds: number;
  /** How many levels of authorities may follow. */
  readonly pathLen: number;
}

export interface SigningWanted {
  readonly lifetimeSeconds: number;
  readonly pathLen: number;
  readonly addresses: OfflineAddresses;
}

export interface CrlWanted {
  readonly lifetimeSeconds: number;
  /** Serials of certificates that the root signed. */
  readonly revoke: readonly string[];
  readonly reason: RevocationReason;
}

/** A key without a journal line is what a crash left; it has signed nothing that left the machine, and is never used. */
export async function makeRoot(
  deps: CeremonyDeps,
  present: readonly string[],
  wanted: RootWanted,
): Promise<Uint8Array> {
  const { commonName, organization, keyType, pathLen, lifetimeSeconds } = wanted;
  if ((await deps.journal.lines()).length > 0) {
    throw new StartError(
      'homeNotEmpty',
      'There is a root in this home already, and one home holds one root. `ceremony record --json` has its certificate.',
    );
  }
  const name = freshKeyName(deps.randomness, 'root');
  const { publicKeyDer: spkiDer } = await deps.vault.createKey(name, keyType);
  const algorithm = defaultSignatureAlgorithm(keyType);
  const subjectDer = encodeName([
    ...(organization === undefined ? [] : [{ type: 'organizationName', value: organization } as const]),
    { type: 'commonName', value: commonName },
  ]);
  const tbs = prepareOfflineRoot({ ...moment(deps), subjectDer, spkiDer, pathLen, lifetimeSeconds }, algorithm);
  const signer = verifiedSigner(await deps.vault.signer(name, algorithm), spkiDer);
  const der = assembleSigned(tbs, algorithm, await signer.sign(tbs));
  await enter(deps, present, { kind: 'rootMade', key: name, keyType, certificate: base64(der) });
  return der;
}

/** The new certificate first, the root last. */
export async function signRequest(
  deps: CeremonyDeps,
  present: readonly string[],
  {
    request,
    csrDer,
    wanted,
  }: { readonly request: SigningRequest; readonly csrDer: Uint8Array; readonly wanted: SigningWanted },
): Promise<readonly Uint8Array[]> {
  const root = await openRoot(deps);
  const { subject, publicKey } = request;
  if (Buffer.compare(subject.der, root.parsed.subject.der) === 0) {
    throw new CaError(
      'policyRefused',
      'The CSR has the name of the root itself: its certificate would pass for a root.',
    );
  }
  const { lifetimeSeconds, pathLen, addresses } = wanted;
  const certificate = {
    ...moment(deps),
    subjectDer: subject.der,
    spkiDer: publicKey.spkiDer,
    pathLen,
    lifetimeSeconds,
  };
  const tbs = prepareIssuingCertificate(certificate, issuerOf(root), addresses);
  const der = assembleSigned(tbs, root.algorithm, await root.signer.sign(tbs));
  await enter(deps, present, { kind: 'certificateSigned', csrSha256: sha256(csrDer), certificate: base64(der) });
  return [der, root.parsed.der];
}

/** A list of everything that was ever revoked, with what is revoked now. */
export async function signCrl(deps: CeremonyDeps, present: readonly string[], wanted: CrlWanted): Promise<Uint8Array> {
  const root = await openRoot(deps);
  const thisUpdate = moment(deps).now;
  const before = root.entries.flatMap(({ act }) => (act.kind === 'crlSigned' ? [act] : [])).at(-1);
  const revoked = [
    ...(before?.revoked ?? []),
    ...revocations(root.entries, before?.revoked ?? [], { ...wanted, at: thisUpdate }),
  ];
  // Numbers follow the clock, and grow even when it was set back (RFC 5280 §5.2.3).
  const number = Math.max((before?.number ?? 0) + 1, thisUpdate);
  const nextUpdate = thisUpdate + wanted.lifetimeSeconds;
  if (nextUpdate > root.parsed.notAfter)
    throw new CaError('policyRefused', 'The list would outlive its root: ask for less.');
  const tbs = encodeTbsCertList({
    signatureAlgorithm: root.algorithm,
    issuerDer: root.parsed.subject.der,
    ...{ thisUpdate, nextUpdate, crlNumber: number },
    entries: revoked.map((entry) => encodeCrlEntry(entry)),
    authorityKeyIdentifier: issuerOf(root).subjectKeyIdentifier,
  });
  const der = assembleSigned(tbs, root.algorithm, await root.signer.sign(tbs));
  await enter(deps, present, { kind: 'crlSigned', number, thisUpdate, nextUpdate, revoked, sha256: sha256(der) });
  return der;
}

function revocations(
  entries: readonly CeremonyEntry[],
  before: readonly RevokedBelow[],
  { revoke, reason, at }: CrlWanted & { readonly at: number },
): readonly RevokedBelow[] {
  const signed = entries.flatMap(({ act }) => (act.kind === 'certificateSigned' ? [certificateOf(act).serial] : []));
  const serials = revoke.map((text) => parseSerial(text) ?? text);
  for (const serial of serials) {
    if (!signed.includes(serial)) throw new CaError('notFound', `This root signed no certificate ${serial}.`);
    if (before.some((each) => each.serial === serial))
      throw new CaError('alreadyRevoked', `${serial} is revoked already.`);
  }
  return [...new Set(serials)].map((serial) => ({ serial, at, reason }));
}

/** All acts so far. StartError `homeEmpty` without a root, `homeDamaged` when a line is not what it was. */
export async function readCeremony(journal: CeremonyJournal): Promise<readonly CeremonyEntry[]> {
  const lines = await journal.lines();
  if (lines.length === 0) {
    throw new StartError(
      'homeEmpty',
      'There is no root in this home. Make one with `ceremony root`, or name its home with --home DIR.',
    );
  }
  const entries = readJournal(lines);
  if (entries) return entries;
  throw new StartError(
    'homeDamaged',
    'The journal of this home was changed: its lines do not follow one another. Put it back from a copy.',
  );
}

interface OpenRoot {
  readonly entries: readonly CeremonyEntry[];
  readonly parsed: ParsedCertificate;
  readonly algorithm: SignatureAlgorithm;
  readonly signer: Signer;
}

async function openRoot({ vault, journal }: CeremonyDeps): Promise<OpenRoot> {
  const entries = await readCeremony(journal);
  const act = entries[0]?.act;
  if (act?.kind !== 'rootMade') throw new CaError('serverInternal', 'The journal does not begin with its root.');
  const parsed = certificateOf(act);
  const algorithm = parsed.signatureAlgorithm;
  return { entries, parsed, algorithm, signer: verifiedSigner(await vault.signer(act.key, algorithm), parsed.spkiDer) };
}

function issuerOf({ parsed, algorithm }: OpenRoot) {
  const { subject, subjectKeyIdentifier, notBefore, notAfter, basicConstraints } = parsed;
  if (!subjectKeyIdentifier) throw new CaError('serverInternal', 'The root has no subjectKeyIdentifier.');
  const pathLen = basicConstraints?.pathLen ?? 0;
  return { subjectDer: subject.der, subjectKeyIdentifier, notBefore, notAfter, pathLen, signatureAlgorithm: algorithm };
}

async function enter(deps: CeremonyDeps, present: readonly string[], act: CeremonyAct): Promise<void> {
  const lines = await deps.journal.lines();
  await deps.journal.append(nextLine(lines, { at: deps.clock.now(), program: deps.program, present, act }));
}

function moment({ clock, randomness }: CeremonyDeps): { now: number; serial: string } {
  const nowMs = clock.now();
  return { now: Math.floor(nowMs / 1000), serial: makeSerial(nowMs, randomness.bytes(16)) };
}

const certificateOf = ({ certificate }: { readonly certificate: string }): ParsedCertificate =>
  parseCertificate(Uint8Array.from(Buffer.from(certificate, 'base64')));

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

const sha256 = (octets: Uint8Array): string => hash('sha256', octets, 'hex');
