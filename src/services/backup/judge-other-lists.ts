/** What lists tell that a backup does not ask for: of retired generations, of authorities elsewhere, of keys from after the backup. */
import type { LaterKeys, ListAside } from '../../domain/backup/report.ts';
import { type AuthorityGeneration, generationId } from '../../domain/records/generation.ts';
import { spkiOfAuthorityCsr } from '../../domain/x509/authority-csr.ts';
import { type ParsedCertificate, parseCertificate } from '../../domain/x509/certificate.ts';
import { type DistinguishedName, formatName } from '../../domain/x509/name.ts';
import { parseSubjectPublicKey, type SubjectPublicKey, verifySignature } from '../../domain/x509/public-key.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { NewestList, OtherList } from './newest-lists.ts';

export interface JudgedLists {
  /** Of generations that the backup knows, or of whose keys: newer than the list that it has of them, and the newest given. */
  readonly taken: readonly NewestList[];
  readonly later: readonly LaterKeys[];
  readonly aside: readonly ListAside[];
}

interface Known {
  readonly generation: AuthorityGeneration;
  readonly certificate: ParsedCertificate;
}

interface Waiting {
  readonly id: string;
  readonly publicKey: SubjectPublicKey;
}

/** Signatures are not verified but of one that tells whose it is: what a stranger's list could bring about is a number that is left out. */
export async function judgeOtherLists(
  inventory: Inventory,
  others: readonly OtherList[],
  generations: readonly AuthorityGeneration[],
): Promise<JudgedLists> {
  if (others.length === 0) return { taken: [], later: [], aside: [] };
  const known = await certifiedOf(inventory, generations);
  const elsewhere = (await inventory.externalAuthorities()).map(({ name, certificateDer }) => ({
    name,
    subject: parseCertificate(certificateDer).subject,
  }));
  const waiting = await waitingIn(inventory, generations);
  const taken = new Map<string, NewestList>();
  const later = new Map<string, OtherList[]>();
  const aside: ListAside[] = [];
  for (const list of others) {
    const certified = known.find(({ certificate }) => isOfKey(list, certificate))?.generation;
    const own = certified ? generationId(certified) : (await signerOf(list, waiting))?.id;
    const authority = known.find(({ certificate }) => isSame(certificate.subject, list.issuer))?.generation.authority;
    if (own !== undefined && list.crl) {
      const one = { file: list.file, authority: own, crl: list.crl };
      const before = taken.get(one.authority)?.crl ?? (await inventory.latestCrl(one.authority));
      if (one.crl.crlNumber > (before?.crlNumber ?? 0)) taken.set(one.authority, one);
    } else if (list.crl && authority !== undefined) {
      later.set(authority, [...(later.get(authority) ?? []), list]);
    } else {
      const name = elsewhere.find(({ subject }) => isSame(subject, list.issuer))?.name ?? null;
      aside.push({ file: list.file, issuer: formatName(list.issuer), authority: name });
    }
  }
  const keys = Array.from(later, ([authority, lists]) => laterKeys(authority, lists, generations));
  return { taken: [...taken.values()], later: keys, aside };
}

async function certifiedOf(inventory: Inventory, generations: readonly AuthorityGeneration[]): Promise<Known[]> {
  const known: Known[] = [];
  for (const generation of generations) {
    const { certificateSerial: serial } = generation;
    const der = serial === null ? undefined : await inventory.certificateDer(serial);
    if (der) known.push({ generation, certificate: parseCertificate(der) });
  }
  return known;
}

/** Those that are signed elsewhere, and have not got their certificates: after the backup they may have. */
async function waitingIn(inventory: Inventory, generations: readonly AuthorityGeneration[]): Promise<Waiting[]> {
  const waiting: Waiting[] = [];
  for (const generation of generations) {
    const publicKey = await waitingKey(inventory, generation);
    if (publicKey) waiting.push({ id: generationId(generation), publicKey });
  }
  return waiting;
}

/** Of a generation without certificate, from its CSR. */
export async function waitingKey(
  inventory: Pick<Inventory, 'authorityRequest'>,
  { authority, number, phase, certificateSerial }: AuthorityGeneration,
): Promise<SubjectPublicKey | undefined> {
  if (certificateSerial !== null || phase === 'abandoned') return undefined;
  const request = await inventory.authorityRequest(authority, number);
  return request && parseSubjectPublicKey(spkiOfAuthorityCsr(request.csrDer));
}

/** By the signature: who certifies a key may name it as he likes. */
async function signerOf({ crl }: OtherList, waiting: readonly Waiting[]): Promise<Waiting | undefined> {
  if (!crl) return undefined;
  const { tbs, signature, signatureAlgorithm: algorithm } = crl;
  for (const one of waiting)
    if (await verifySignature({ tbs, signature, algorithm, publicKey: one.publicKey })) return one;
  return undefined;
}

const isOfKey = ({ crl }: OtherList, { subjectKeyIdentifier }: ParsedCertificate): boolean =>
  crl !== undefined && Buffer.compare(crl.authorityKeyIdentifier, subjectKeyIdentifier ?? new Uint8Array()) === 0;

const isSame = (one: DistinguishedName, other: DistinguishedName): boolean => Buffer.compare(one.der, other.der) === 0;

/** A number in the name of a file is believed so far beyond the newest that is known. */
const mostRotations = 100;

/**
 * Every key took a number, and one that was abandoned, or whose list is not given, took one, too: the names that lists have at their
 * addresses (`dev-issuing.3.crl`) tell.
 */
function laterKeys(
  authority: string,
  lists: readonly OtherList[],
  generations: readonly AuthorityGeneration[],
): LaterKeys {
  const newest = Math.max(...generations.filter((one) => one.authority === authority).map(({ number }) => number));
  const keys = new Set(lists.map(({ crl }) => Buffer.from(crl?.authorityKeyIdentifier ?? []).toString('hex')));
  const named = lists
    .map(({ file }) => file.replace(/^.*\//, ''))
    .filter((name) => name.startsWith(`${authority}.`))
    .map((name) => Number(/^\d{1,9}(?=\.)/.exec(name.slice(authority.length + 1))?.[0] ?? 0))
    .filter((number) => number <= newest + mostRotations);
  return { authority, upTo: Math.max(newest + keys.size, ...named), files: lists.map(({ file }) => file) };
}
