/**
 * The record of a ceremony as text to print and sign: what was done, when, by which program, who was present, and the
 * fingerprints of what was made.
 */
import { hash } from 'node:crypto';
import { printable } from '../policy/printable.ts';
import { type ParsedCertificate, parseCertificate } from '../x509/certificate.ts';
import { formatName } from '../x509/name.ts';
import { publicKeySha256 } from '../x509/public-key.ts';
import type { CeremonyEntry } from './journal.ts';

/** An act in the words of the record; what is compared is in groups of four digits. */
export interface RecordedAct {
  readonly seq: number;
  readonly at: string;
  readonly program: string;
  readonly present: readonly string[];
  readonly what: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

export const recordedActs = (entries: readonly CeremonyEntry[]): readonly RecordedAct[] =>
  entries.map(({ seq, at, program, present, act }) => ({
    ...{ seq, at: new Date(at).toISOString(), program, present },
    ...described(act),
  }));

function described(act: CeremonyEntry['act']): Pick<RecordedAct, 'what' | 'facts'> {
  if (act.kind === 'rootMade') return { what: 'A root was made', facts: certificateFacts(act.certificate) };
  if (act.kind === 'certificateSigned') {
    const facts = [...certificateFacts(act.certificate), ['CSR, SHA-256', grouped(act.csrSha256)] as const];
    return { what: 'The certificate of an issuing authority was signed', facts };
  }
  const time = (seconds: number): string => new Date(seconds * 1000).toISOString();
  return {
    what: 'A certificate revocation list was signed',
    facts: [
      ['Number', String(act.number)],
      ['Valid', `${time(act.thisUpdate)} to ${time(act.nextUpdate)}`],
      ['Revoked', act.revoked.length === 0 ? 'nothing' : String(act.revoked.length)],
      ...act.revoked.map(({ serial, at, reason }) => ['', `${serial}, ${time(at)}, ${reason}`] as const),
      ['SHA-256', grouped(act.sha256)],
    ],
  };
}

function certificateFacts(base64: string): readonly (readonly [string, string])[] {
  const der = Uint8Array.from(Buffer.from(base64, 'base64'));
  const {
    subject,
    issuer,
    serial,
    notBefore,
    notAfter,
    spkiDer,
    publicKey,
    signatureAlgorithm,
    ...rest
  }: ParsedCertificate = parseCertificate(der);
  const time = (seconds: number): string => new Date(seconds * 1000).toISOString();
  return [
    ['Subject', printable(formatName(subject), 300)],
    ['Issuer', printable(formatName(issuer), 300)],
    ['Serial', serial],
    ['Valid', `${time(notBefore)} to ${time(notAfter)}`],
    ['Path length', String(rest.basicConstraints?.pathLen ?? 'unlimited')],
    ['Key', `${publicKey().keyType}, signed with ${signatureAlgorithm.name}`],
    ['Key, SHA-256', grouped(publicKeySha256(spkiDer))],
    ['SHA-256', grouped(hash('sha256', der, 'hex'))],
  ];
}

/** As people read digits to one another. */
export const grouped = (hex: string): string => hex.match(/.{1,4}/g)?.join(' ') ?? '';

/** `head` is the hash of the journal's last line. */
export function paperRecord(entries: readonly CeremonyEntry[], head: string): readonly string[] {
  const people = [...new Set(entries.flatMap(({ present }) => present))];
  return [
    'RECORD OF A KEY CEREMONY',
    '',
    `Acts: ${entries.length}. Journal, SHA-256 of its last line:`,
    `  ${grouped(head)}`,
    ...recordedActs(entries).flatMap(linesOf),
    '',
    'I was present at the acts beside which my name stands, and compared their',
    'fingerprints, serials and times with what the machine showed.',
    ...people.flatMap((person) => [
      '',
      `${printable(person)}:`,
      '',
      '  Date ________________  Signature ________________________________',
    ]),
  ];
}

function linesOf({ seq, at, program, present, what, facts }: RecordedAct): readonly string[] {
  const line = (name: string, value: string): string => `   ${name.padEnd(14)}${value}`;
  return [
    '',
    `${seq}. ${what}`,
    line('At', at),
    line('Present', present.map((person) => printable(person)).join(', ')),
    ...facts.map(([name, value]) => line(name, value)),
    line('Program', printable(program)),
  ];
}
