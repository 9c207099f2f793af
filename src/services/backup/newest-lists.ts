/** Which published list (CRL) tells a restore what each authority revoked since the backup; decided before anything is opened. */
import type { BackupManifest, ManifestAuthority } from '../../domain/backup/manifest.ts';
import { decodePemAll } from '../../domain/der/pem.ts';
import { CaError, StartError } from '../../domain/errors.ts';
import { type DistinguishedName, formatName } from '../../domain/x509/name.ts';
import { type ForeignCrl, type ParsedCrl, parseCrl, parseForeignCrl } from '../../domain/x509/read-crl.ts';

/** A file given with --crl: one list in DER, or as many as there are in PEM. */
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

/** Of none of the authorities that the manifest asks lists of; what it tells shows when the inventory is open: judge-other-lists.ts. */
export interface OtherList {
  readonly file: string;
  readonly issuer: DistinguishedName;
  /** Undefined for one that no authority of this program made. */
  readonly crl: ParsedCrl | undefined;
}

export interface ChosenLists {
  readonly newest: readonly NewestList[];
  readonly others: readonly OtherList[];
}

export interface ListChoice {
  readonly given: readonly GivenList[];
  /** Authorities whose newest list is admitted to be lost. */
  readonly withoutCrl: readonly string[];
}

/** 256 MiB of text: lists of millions of entries. */
const longestPem = 2 ** 28;

/**
 * The newest list given of each authority that the backup asks one of, older ones of the same left aside, and those of nobody it asks:
 * whoever has a mirror gives all of it. Signatures are not verified yet. StartError `crlUnusable` for one that is no list, or whose
 * authority has none as new as the backup's own; `crlMissing` when an authority has neither list nor admission.
 */
export function chooseNewestLists(manifest: BackupManifest, { given, withoutCrl }: ListChoice): ChosenLists {
  const newest = new Map<string, NewestList>();
  const others: OtherList[] = [];
  for (const list of given.flatMap((one) => readLists(manifest, one))) {
    if (!('authority' in list)) {
      others.push(list);
      continue;
    }
    const known = newest.get(list.authority);
    if (!known || known.crl.crlNumber < list.crl.crlNumber) newest.set(list.authority, list);
  }
  refuseTooOld(manifest, newest);
  refuseUnknown(manifest, withoutCrl);
  const contradicted = withoutCrl.filter((name) => newest.has(name));
  if (contradicted.length > 0) {
    throw unusable(
      `There is a list of ${contradicted.join(', ')}, and --without-crl says it is lost. Give one of the two.`,
    );
  }
  const missing = manifest.authorities.filter(({ name }) => !newest.has(name) && !withoutCrl.includes(name));
  refuseMissing(manifest, missing, others);
  return { newest: [...newest.values()], others };
}

const unusable = (message: string, cause?: unknown): StartError => new StartError('crlUnusable', message, cause);

/** Several where one PEM file has all that a server checks, as nginx and openssl want them. */
function readLists(manifest: BackupManifest, { file, content }: GivenList): readonly (NewestList | OtherList)[] {
  return parse(file, content).map((crl) => {
    const keyIdentifier = Buffer.from(crl.authorityKeyIdentifier ?? []).toString('hex');
    const authority = manifest.authorities.find((candidate) => candidate.keyIdentifier === keyIdentifier)?.name;
    const own = 'signatureAlgorithm' in crl ? crl : undefined;
    if (authority === undefined) return { file, issuer: crl.issuer, crl: own };
    if (own) return { file, authority, crl: own };
    throw unusable(`${file} has the key of ${authority}, and is no list as this program makes it. Use another copy.`);
  });
}

/** What others made is read as such: a mirror may have the list of a corporate root. */
function parse(file: string, content: Uint8Array): readonly (ParsedCrl | ForeignCrl)[] {
  try {
    const ders =
      content[0] === 0x30 ? [content] : decodePemAll(Buffer.from(content).toString('latin1'), 'X509 CRL', longestPem);
    return ders.map((der) => ours(der) ?? parseForeignCrl(der));
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    throw unusable(`${file} is no list (CRL), in DER or PEM: ${error.message}`, error);
  }
}

function ours(der: Uint8Array): ParsedCrl | undefined {
  try {
    return parseCrl(der);
  } catch (error) {
    if (error instanceof CaError) return undefined;
    throw error;
  }
}

function refuseTooOld({ authorities }: BackupManifest, newest: ReadonlyMap<string, NewestList>): void {
  for (const authority of authorities) {
    const list = newest.get(authority.name);
    if (list && list.crl.crlNumber < (authority.crlNumber ?? 0)) throw tooOld(list, authority);
  }
}

const tooOld = ({ file, crl: { crlNumber, thisUpdate } }: NewestList, authority: ManifestAuthority): StartError =>
  unusable(
    `${file} is list ${crlNumber} of ${authority.name}, of ${iso(thisUpdate)}; the backup already has list ` +
      `${authority.crlNumber}. Give the newest that was published${at(authority)}. If nobody has a newer one, admit it with ` +
      `--without-crl ${authority.name}: what it revoked since the backup, if anything, comes back to life.`,
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

function refuseMissing(
  manifest: BackupManifest,
  missing: readonly ManifestAuthority[],
  others: readonly OtherList[],
): void {
  if (missing.length === 0) return;
  const lines = missing.map(
    ({ name, crlUrl }) => `- ${name}: ${crlUrl === null ? 'its newest list' : `published at ${crlUrl}`}`,
  );
  throw new StartError(
    'crlMissing',
    [
      `What was revoked after this backup (${manifest.createdAt}) is only on the lists published since. Give the newest one of each with --crl FILE:`,
      ...lines,
      ...others.map(({ file, issuer }) => `${file}, of ${formatName(issuer)}, is the list of none of them.`),
      'Caches, mirrors, clients and monitoring may have a copy. If one is lost for good, admit it with ' +
        `--without-crl ${missing[0]!.name}: what it revoked since the backup comes back to life.`,
    ].join('\n'),
  );
}
