/**
 * Reads what OpenSSL's message trace (`enableTrace` of a TLSSocket) tells of a handshake: who sent which message (RFC 8446 §4,
 * RFC 5246 §7.4), and what was in it. TLS 1.3 encrypts all but the first two, so that nobody on the wire could see this.
 */
import { decodePemAll } from '../../../domain/der/pem.ts';
import { DerReader } from '../../../domain/der/reader.ts';
import { tag } from '../../../domain/der/tag.ts';
import { decodeName, formatName } from '../../../domain/x509/name.ts';
import { withoutWords } from './printed-certificates.ts';

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
  /** Key exchange group of a ServerKeyExchange (TLS 1.2). */
  readonly group?: string;
  /** Of a ClientHello or a ServerHello. */
  readonly hello?: Hello;
  /** Of an alert, by its name in RFC 8446 §6; its number where OpenSSL has no name. */
  readonly alert?: { readonly fatal: boolean; readonly description: string };
}

export interface Hello {
  /** As `TLS 1.3`: offered, best first, or the one chosen. */
  readonly versions: readonly string[];
  /** Names of cipher suites. */
  readonly ciphers: readonly string[];
  /** Of the key exchange, as `X25519MLKEM768`; in a ServerHello of TLS 1.2 there is none. */
  readonly groups: readonly string[];
}

export function readTrace(text: string): TracedMessage[] {
  const records = withoutWords(text).split(/^(?=(?:Sent|Received) TLS Record)/m);
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
    const [, group] = /named_curve: (.+) \(\d+\)/.exec(part) ?? [];
    const [, scheme] = /Signature Algorithm: (\S+) \(0x/.exec(part) ?? [];
    return {
      from,
      name,
      certificatesDer: name === 'Certificate' ? certificatesIn(part) : [],
      authorities: name === 'CertificateRequest' ? authoritiesIn(part) : [],
      ...(scheme !== undefined && { signatureScheme: scheme }),
      ...(group !== undefined && { group: groupName(group) }),
      ...(name.endsWith('Hello') && { hello: helloIn(part) }),
    };
  });
}

function helloIn(part: string): Hello {
  const extension = (name: string): string =>
    new RegExp(`^ {8}extension_type=${name}\\(.*\\n((?: {9,}.*\\n?)*)`, 'm').exec(part)?.[1] ?? '';
  const versions = [...extension('supported_versions').matchAll(/^ +(\S.*) \(\d+\)$/gm)].map(([, name = '']) => name);
  const [, legacy = ''] = /_version=0x[0-9a-f]+ \(([^)]+)\)/.exec(part) ?? [];
  const listed = [...extension('supported_groups').matchAll(/^ +(\S.*) \(\d+\)$/gm)];
  const shared = [...extension('key_share').matchAll(/NamedGroup: (.+) \(\d+\)$/gm)];
  return {
    versions: versions.length > 0 ? versions : [legacy],
    ciphers: [...part.matchAll(/^ +(?:cipher_suite )?\{0x.., 0x..\} (\S+)$/gm)].map(([, name = '']) => name),
    groups: (listed.length > 0 ? listed : shared).map(([, name = '']) => groupName(name)),
  };
}

/** OpenSSL writes `ecdh_x25519` and `secp256r1 (P-256)` for what everybody else calls by the names of RFC 8446 §4.2.7. */
const groupName = (name: string): string => name.replace(/^ecdh_/, '').replace(/ \(P-\d+\)$/, '');

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
      alert: { fatal: level === 'fatal', description: alertNames[number] ?? words.replaceAll(' ', '_').toLowerCase() },
    }),
  );
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g;

const certificatesIn = (part: string): Uint8Array[] =>
  [...part.matchAll(pemBlock)].flatMap(([pem]) => decodePemAll(pem, 'CERTIFICATE'));

/** TLS 1.2 lists names one by one; TLS 1.3 has them in an extension (RFC 8446 §4.2.4), dumped as octets. */
function authoritiesIn(part: string): string[] {
  const named = [...part.matchAll(/DistinguishedName \(len=\d+\): (.+)/g)].map(([, name = '']) => turned(name.trim()));
  return named.length > 0 ? named : authoritiesOf(dumpedOctets(part));
}

/** OpenSSL writes `O = T, CN = Root`; the rest of this program RFC 4514's `CN=Root,O=T`. */
const turned = (name: string): string =>
  name
    .split(/, (?=[\w.]+ = )/)
    .map((part) => part.replace(' = ', '='))
    .reverse()
    .join(',');

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
