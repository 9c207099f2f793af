/**
 * Reads what OpenSSL's message trace (`enableTrace` of a TLSSocket) tells of a handshake: who sent which message (RFC 8446 §4,
 * RFC 5246 §7.4), and what was in it. TLS 1.3 encrypts all but the first two, so that nobody on the wire could see this.
 */
import { decodePemAll } from '../../domain/der/pem.ts';
import { DerReader } from '../../domain/der/reader.ts';
import { tag } from '../../domain/der/tag.ts';
import { decodeName, formatName } from '../../domain/x509/name.ts';

export interface TracedMessage {
  readonly from: 'client' | 'server';
  /** `ClientHello`, `CertificateRequest`, ...; `Alert`. */
  readonly name: string;
  /** Of a Certificate message, the sender's own first; empty when it showed none. */
  readonly certificatesDer: readonly Uint8Array[];
  /** Whose certificates a CertificateRequest asks for; empty when anybody's will do. */
  readonly authorities: readonly string[];
  /** Of a CertificateVerify or a ServerKeyExchange. */
  readonly signatureScheme?: string;
  /** Of an alert, by its name in RFC 8446 §6; its number where OpenSSL has no name. */
  readonly alert?: { readonly fatal: boolean; readonly description: string };
}

export function readTrace(text: string): TracedMessage[] {
  const records = text.split(/^(?=(?:Sent|Received) TLS Record)/m);
  return records.flatMap((record) => {
    const from = record.startsWith('Sent') ? 'client' : record.startsWith('Received') ? 'server' : undefined;
    if (!from) return [];
    return [...messagesOf(from, record), ...alertsOf(from, record)];
  });
}

/** A record may hold several messages, each with its name and length four columns in. */
function messagesOf(from: TracedMessage['from'], record: string): TracedMessage[] {
  const parts = record.split(/^(?= {4}[A-Z][A-Za-z]+, Length=\d+)/m).slice(1);
  return parts.map((part) => {
    const [, name = ''] = /^ {4}([A-Za-z]+)/.exec(part) ?? [];
    const [, scheme] = /Signature Algorithm: (\S+) \(0x/.exec(part) ?? [];
    return {
      from,
      name,
      certificatesDer: name === 'Certificate' ? certificatesIn(part) : [],
      authorities: name === 'CertificateRequest' ? authoritiesIn(part) : [],
      ...(scheme !== undefined && { signatureScheme: scheme }),
    };
  });
}

/** Not by OpenSSL's names alone: 3.5 does not know that 116 is certificate_required. */
const alertNames: Readonly<Record<string, string>> = {
  '0': 'close_notify',
  '116': 'certificate_required',
};

function alertsOf(from: TracedMessage['from'], record: string): TracedMessage[] {
  return [...record.matchAll(/Level=(warning|fatal)\(\d+\), description=(.+)\((\d+)\)/g)].map(
    ([, level, words = '', number = '']) => ({
      from,
      name: 'Alert',
      certificatesDer: [],
      authorities: [],
      alert: { fatal: level === 'fatal', description: alertNames[number] ?? words.replaceAll(' ', '_') },
    }),
  );
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g;

const certificatesIn = (part: string): Uint8Array[] =>
  [...part.matchAll(pemBlock)].flatMap(([pem]) => decodePemAll(pem, 'CERTIFICATE'));

/** TLS 1.2 lists names one by one; TLS 1.3 has them in an extension (RFC 8446 §4.2.4), dumped as octets. */
function authoritiesIn(part: string): string[] {
  const named = [...part.matchAll(/DistinguishedName \(len=\d+\): (.+)/g)].map(([, name = '']) => name.trim());
  return named.length > 0 ? named : authoritiesOf(dumpedOctets(part));
}

/** Fifteen octets a line in columns 17 to 61; behind them stand the same as characters. */
function dumpedOctets(part: string): Buffer {
  const [, dump = ''] =
    /extension_type=certificate_authorities\(47\), length=\d+\n((?: {10}[0-9a-f]{4} - .*\n)*)/.exec(part) ?? [];
  const lines = dump.split('\n').map((line) => line.slice(17, 62));
  return Buffer.from(lines.join('').replaceAll(/[^0-9a-f]/g, ''), 'hex');
}

/** DistinguishedName authorities<3..2^16-1>: a length, then each name behind its own, two octets each. */
function authoritiesOf(octets: Buffer): string[] {
  const names: string[] = [];
  for (let at = 2; at + 2 < octets.length; ) {
    const length = octets.readUInt16BE(at);
    names.push(readableName(octets.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return names;
}

function readableName(der: Buffer): string {
  try {
    new DerReader(der).expect(tag.sequence);
    return formatName(decodeName(der));
  } catch {
    return `a name this program cannot read (${der.length} octets)`;
  }
}
