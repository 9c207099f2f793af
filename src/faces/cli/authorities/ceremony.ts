/** `privyseal ceremony root|sign|crl|record`: shows what is about to be signed, asks, and gives the result with its fingerprints. */
import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CeremonyEntry } from '../../../domain/ceremony/journal.ts';
import { grouped, paperRecord, type RecordedAct, recordedActs } from '../../../domain/ceremony/paper-record.ts';
import { decodePem, encodePem } from '../../../domain/der/pem.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { RevocationReason } from '../../../domain/policy/revocation-reason.ts';
import type { KeyType } from '../../../domain/x509/key-type.ts';
import { formatName } from '../../../domain/x509/name.ts';
import { publicKeySha256 } from '../../../domain/x509/public-key.ts';
import { readSigningRequest } from '../../../domain/x509/signing-request.ts';
import { CliError } from '../cli-error.ts';
import { readNamedFile } from '../named-file.ts';
import { writeNewFile } from '../new-file.ts';
import type { CliIo } from '../terminal/io.ts';
import type { OpenConsole } from '../terminal/secret-console.ts';
import { timeToTheSecond } from '../terminal/words.ts';

export interface Around {
  readonly console: Pick<OpenConsole, 'ask' | 'tell'>;
  readonly passphraseFile?: string;
  readonly present: readonly string[];
}

interface Addresses {
  readonly crl?: string;
  readonly issuer?: string;
}

/** What happens in the home, which the program brings; certificates and lists are DER. */
export interface CeremonyActs {
  root(
    home: string,
    wanted: {
      readonly commonName: string;
      readonly organization?: string;
      readonly keyType: KeyType;
      readonly lifetimeSeconds: number;
      readonly pathLen: number;
    },
    around: Around,
  ): Promise<Uint8Array>;
  sign(
    home: string,
    wanted: {
      readonly csrDer: Uint8Array;
      readonly lifetimeSeconds: number;
      readonly pathLen: number;
      readonly addresses: Addresses;
    },
    around: Around,
  ): Promise<readonly Uint8Array[]>;
  crl(
    home: string,
    wanted: { readonly lifetimeSeconds: number; readonly revoke: readonly string[]; readonly reason: RevocationReason },
    around: Around,
  ): Promise<Uint8Array>;
  state(home: string): Promise<{ readonly entries: readonly CeremonyEntry[]; readonly head: string }>;
}

export interface HeldCeremony {
  readonly io: CliIo;
  readonly json: boolean;
  readonly home: string;
  readonly path: (text: string) => string;
  readonly out: string | undefined;
  readonly yes: boolean;
  readonly acts: CeremonyActs;
  readonly around: Around;
}

export interface RootOptions {
  readonly organization?: string;
  readonly keyType: KeyType;
  readonly lifetime: number;
  readonly pathLen: number;
}

export async function root(held: HeldCeremony, commonName: string, options: RootOptions): Promise<void> {
  const { organization, keyType, lifetime, pathLen } = options;
  await agree(held, [
    ['A new root', printable(commonName)],
    ['Key', keyType],
    ['Path length', String(pathLen)],
  ]);
  const wanted = {
    commonName,
    keyType,
    lifetimeSeconds: lifetime,
    pathLen,
    ...(organization !== undefined && { organization }),
  };
  const der = await held.acts.root(held.home, wanted, held.around);
  await give(held, encodePem('CERTIFICATE', der));
}

export interface SignOptions {
  readonly lifetime: number;
  readonly pathLen: number;
  readonly crlUrl?: string;
  readonly issuerUrl?: string;
}

export async function sign(held: HeldCeremony, file: string, options: SignOptions): Promise<void> {
  const { lifetime, pathLen, crlUrl, issuerUrl } = options;
  const csrDer = await readCsr(held.path(file));
  const { subject, publicKey } = await readSigningRequest(csrDer);
  await agree(held, [
    ['A request of', printable(formatName(subject), 300)],
    ['Key', publicKey.keyType],
    ['Key, SHA-256', grouped(publicKeySha256(publicKey.spkiDer))],
    ['CSR, SHA-256', grouped(hash('sha256', csrDer, 'hex'))],
    ['Path length', String(pathLen)],
    ['CRL', crlUrl ?? 'no address: relying parties cannot find the list'],
  ]);
  const addresses = {
    ...(crlUrl !== undefined && { crl: crlUrl }),
    ...(issuerUrl !== undefined && { issuer: issuerUrl }),
  };
  const wanted = { csrDer, lifetimeSeconds: lifetime, pathLen, addresses };
  const chain = await held.acts.sign(held.home, wanted, held.around);
  await give(held, chain.map((der) => encodePem('CERTIFICATE', der)).join(''));
}

export async function crl(
  held: HeldCeremony,
  { revoke = [], reason, lifetime }: { revoke?: readonly string[]; reason: RevocationReason; lifetime: number },
): Promise<void> {
  await agree(held, [
    ['A list', revoke.length === 0 ? 'that revokes nothing more' : `that revokes ${revoke.length} more (${reason})`],
    ...revoke.map((serial): [string, string] => ['', serial]),
  ]);
  const der = await held.acts.crl(held.home, { revoke, reason, lifetimeSeconds: lifetime }, held.around);
  await give(held, encodePem('X509 CRL', der));
}

export async function record(held: HeldCeremony): Promise<void> {
  const { entries, head } = await held.acts.state(held.home);
  const text = held.json
    ? JSON.stringify({ head, acts: actsWithCertificates(entries) }, null, 2)
    : paperRecord(entries, head).join('\n');
  await write(held, `${text}\n`);
}

/** So that a certificate whose file was lost, or never written, is had again: the journal has it. */
const actsWithCertificates = (entries: readonly CeremonyEntry[]) =>
  recordedActs(entries).map((act, index) => {
    const { act: entered } = entries[index]!;
    if (!('certificate' in entered)) return act;
    return { ...act, pem: encodePem('CERTIFICATE', Buffer.from(entered.certificate, 'base64')) };
  });

type Facts = readonly (readonly [name: string, value: string])[];

const lines = (facts: Facts): string[] => facts.map(([name, value]) => `${name.padEnd(14)}${value}`);

/**
 * The machine's clock stands in every certificate and in the record, and nothing corrects it on a machine without network.
 * Where the result could not be written nothing is signed: the same verb given twice is one certificate.
 */
async function agree({ io, yes, around, out }: HeldCeremony, facts: Facts): Promise<void> {
  if (out !== undefined) await refuseUnwritable(out);
  const now = timeToTheSecond(new Date((io.now ?? Date.now)()).toISOString());
  const shown = [
    ...facts,
    ['Present', around.present.map((each) => printable(each)).join(', ')],
    ['Time now', now],
  ] as const;
  io.stderr.write(`${lines(shown).join('\n')}\n`);
  if (yes) return;
  const answer = await around.console.ask('Is all of that right, the time too? [y/N] ');
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new CliError('declined', 'Nothing was signed.');
}

async function refuseUnwritable(out: string): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (found) throw new CliError('fileExists', `${out} exists already; nothing was signed. Name another file.`);
  const folder = dirname(out);
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw new CliError('folderUnwritable', `Nothing can be written to ${folder}; nothing was signed.`, error);
  });
}

/** The result, and for those present what it is known by. */
async function give(held: HeldCeremony, pem: string): Promise<void> {
  const act = recordedActs((await held.acts.state(held.home)).entries).at(-1);
  await write(held, held.json ? `${JSON.stringify({ ...act, pem }, null, 2)}\n` : pem);
  held.io.stderr.write(`${lines(told(act, held.out)).join('\n')}\n`);
}

const told = (act: RecordedAct | undefined, out: string | undefined): Facts => [
  ['Done', act?.what ?? ''],
  ...(act?.facts ?? []),
  ...(out === undefined ? [] : [['Written', out] as const]),
  ['Next', '`privyseal ceremony record`, to be printed and signed'],
];

async function write({ io, out }: HeldCeremony, text: string): Promise<void> {
  if (out === undefined) return void io.stdout.write(text);
  try {
    await writeNewFile(out, 0o644, (file) => file.writeFile(text));
  } catch (error) {
    // The act stands in the journal by now: its result must not be lost for a name.
    io.stdout.write(text);
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const why = exists ? 'exists already' : 'cannot be written';
    throw new CliError(
      exists ? 'fileExists' : 'folderUnwritable',
      `${out} ${why}; the result is on standard output.`,
      error,
    );
  }
}

async function readCsr(path: string): Promise<Uint8Array> {
  const content = await readNamedFile({ file: path, what: 'the CSR', advice: 'Name the file of a CSR, PEM or DER.' });
  // DER begins with the tag of a SEQUENCE, which no text does.
  return content[0] === 0x30 ? Uint8Array.from(content) : decodePem(content.toString('utf8'), 'CERTIFICATE REQUEST');
}
