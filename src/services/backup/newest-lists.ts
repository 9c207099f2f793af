/** Which published list (CRL) tells a restore what each authority revoked since the backup; decided before anything is opened. */
import type { BackupManifest, ManifestAuthority } from '../../domain/backup/manifest.ts';
import { decodePem } from '../../domain/der/pem.ts';
import { CaError, StartError } from '../../domain/errors.ts';
import { type ParsedCrl, parseCrl } from '../../domain/x509/read-crl.ts';

/** A file given with --crl, DER or PEM. */
export interface GivenList {
  /** For messages. */
  readonly file: string;
  readonly content: Uint8Array;
}

export interface NewestList {
  readonly file: string;
  readonly authority: string;
  readonly crl: ParsedCrl;
}

export interface ListChoice {
  readonly given: readonly GivenList[];
  /** Authorities whose newest list is admitted to be lost. */
  readonly withoutCrl: readonly string[];
}

/** 256 MiB of text: lists of millions of entries. */
const longestPem = 2 ** 28;

/**
 * The newest list given of each authority of the backup, older ones of the same left aside. Signatures are not verified
 * yet. StartError `crlUnusable` for one that is no list, of none of its authorities, or older than the backup's own;
 * `crlMissing` when an authority has neither list nor admission.
 */
export function chooseNewestLists(manifest: BackupManifest, { given, withoutCrl }: ListChoice): readonly NewestList[] {
  const lists = given.map((list) => readList(manifest, list));
  const newest = new Map<string, NewestList>();
  for (const list of lists) {
    const known = newest.get(list.authority);
    if (!known || known.crl.crlNumber < list.crl.crlNumber) newest.set(list.authority, list);
  }
  refuseUnknown(manifest, withoutCrl);
  const contradicted = withoutCrl.filter((name) => newest.has(name));
  if (contradicted.length > 0) {
    throw unusable(
      `There is a list of ${contradicted.join(', ')}, and --without-crl says it is lost. Give one of the two.`,
    );
  }
  refuseMissing(
    manifest,
    manifest.authorities.filter(({ name }) => !newest.has(name) && !withoutCrl.includes(name)),
  );
  return [...newest.values()];
}

const unusable = (message: string, cause?: unknown): StartError => new StartError('crlUnusable', message, cause);

function readList(manifest: BackupManifest, { file, content }: GivenList): NewestList {
  const crl = parse(file, content);
  const keyIdentifier = Buffer.from(crl.authorityKeyIdentifier).toString('hex');
  const authority = manifest.authorities.find((candidate) => candidate.keyIdentifier === keyIdentifier);
  if (!authority) {
    const names = manifest.authorities.map(({ name }) => name).join(', ');
    throw unusable(`${file} is a list of another authority. The backup holds ${names}; give theirs.`);
  }
  if (crl.crlNumber < (authority.crlNumber ?? 0)) throw tooOld(file, crl, authority);
  return { file, authority: authority.name, crl };
}

function parse(file: string, content: Uint8Array): ParsedCrl {
  try {
    return parseCrl(
      content[0] === 0x30 ? content : decodePem(Buffer.from(content).toString('latin1'), 'X509 CRL', longestPem),
    );
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    throw unusable(`${file} is no list (CRL) of this program, in DER or PEM: ${error.message}`, error);
  }
}

const tooOld = (file: string, { crlNumber, thisUpdate }: ParsedCrl, authority: ManifestAuthority): StartError =>
  unusable(
    `${file} is list ${crlNumber} of ${authority.name}, of ${iso(thisUpdate)}; the backup already has list ` +
      `${authority.crlNumber}. Give the newest that was published${at(authority)}.`,
  );

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
const at = ({ crlUrl }: ManifestAuthority): string => (crlUrl === null ? '' : ` at ${crlUrl}`);

function refuseUnknown(manifest: BackupManifest, withoutCrl: readonly string[]): void {
  const names = manifest.authorities.map(({ name }) => name);
  const unknown = withoutCrl.filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  throw unusable(
    `--without-crl ${unknown.join(', ')}: the backup has no such authority. It holds ${names.join(', ')}.`,
  );
}

function refuseMissing(manifest: BackupManifest, missing: readonly ManifestAuthority[]): void {
  if (missing.length === 0) return;
  const lines = missing.map(
    ({ name, crlUrl }) => `- ${name}: ${crlUrl === null ? 'its newest list' : `published at ${crlUrl}`}`,
  );
  throw new StartError(
    'crlMissing',
    [
      `What was revoked after this backup (${manifest.createdAt}) is only on the lists published since. Give the newest one of each with --crl FILE:`,
      ...lines,
      'Caches, mirrors, clients and monitoring may have a copy. If one is lost for good, admit it with ' +
        `--without-crl ${missing[0]!.name}: what it revoked since the backup comes back to life.`,
    ].join('\n'),
  );
}
