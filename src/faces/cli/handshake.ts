/** `privyseal handshake HOST:PORT`: does one TLS handshake in a process of its own and draws what really happened. */
import { fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printable } from '../../domain/policy/printable.ts';
import { parseCertificate } from '../../domain/x509/certificate.ts';
import { formatName } from '../../domain/x509/name.ts';
import type { Target } from './arguments.ts';
import { CliError } from './cli-error.ts';
import type { Ending } from './exit-codes.ts';
import type { ProbeRequest, ProbeResult } from './handshake-probe.ts';
import { readTrace, type TracedMessage } from './handshake-trace.ts';
import type { GlobalOptions, Session } from './session.ts';
import { timeInWords } from './words.ts';

export interface HandshakeOptions {
  readonly servername?: string;
  readonly maxTls: '1.2' | '1.3';
}

const timeoutMs = 10_000;

export async function handshake(
  session: Session,
  target: Target,
  options: HandshakeOptions & GlobalOptions,
): Promise<Ending> {
  const credentials = await readCredentials(session, options);
  const request: ProbeRequest = {
    ...target,
    servername: options.servername ?? target.host,
    maxVersion: `TLSv${options.maxTls}`,
    timeoutMs,
    ...credentials.pem,
  };
  const { result, trace } = await probe(request);
  const seen = { request, result, messages: messagesOf(trace), trust: credentials.trust };
  if (session.json) session.printJson(jsonOf(seen));
  else session.print(drawing(seen, session.now()));
  return endingOf(seen);
}

interface Seen {
  readonly request: ProbeRequest;
  readonly result: ProbeResult;
  readonly messages: readonly TracedMessage[];
  /** What the server's certificate was judged by, for people. */
  readonly trust: string;
}

async function readCredentials(session: Session, options: GlobalOptions) {
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new CliError('usage', 'One of --cert and --key was given without the other. Give both.');
  }
  const named = async (name: string | undefined): Promise<string | undefined> => {
    if (name === undefined) return undefined;
    const file = session.path(name);
    return readFile(file, 'utf8').catch((error: unknown) => {
      throw new CliError('credentialMissing', `${file} cannot be read. Name a PEM file that is there.`, error);
    });
  };
  const own = join(session.home, 'trust', 'system.pem');
  const ca = (await named(options.ca)) ?? (await readFile(own, 'utf8').catch(() => undefined));
  const [cert, key] = [await named(options.cert), await named(options.key)];
  const trust = options.ca ?? (ca === undefined ? 'the roots that Node brings' : own);
  return { trust, pem: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } };
}

/** The trace goes to the process's standard error, which is why there is one. */
function probe(request: ProbeRequest): Promise<{ result: ProbeResult; trace: string }> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'handshake-probe.ts'), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: {},
    });
    let trace = '';
    let result: ProbeResult | undefined;
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      trace += chunk;
    });
    child.on('message', (message) => {
      result = message as ProbeResult;
    });
    child.on('error', reject);
    child.on('close', () => {
      if (result) resolve({ result, trace });
      else
        reject(
          new CliError('usage', 'The certificate, the key or the CA given is none that TLS can use.', new Error(trace)),
        );
    });
    child.send(request);
  });
}

/** Without the goodbyes: they are this program's own doing. */
const messagesOf = (trace: string): TracedMessage[] =>
  readTrace(trace).filter(({ alert }) => alert?.description !== 'close_notify');

const sent = ({ messages }: Seen, from: TracedMessage['from'], name: string): TracedMessage | undefined =>
  messages.find((message) => message.from === from && message.name === name);

/** The server's alert; or that it hung up on a certificate it had asked for, as Node's own servers do. */
function refusalOf(seen: Seen): string | undefined {
  const told = seen.messages.find(({ from, alert }) => from === 'server' && alert?.fatal)?.alert?.description;
  const hungUp = seen.result.closedAtOnce && sent(seen, 'server', 'CertificateRequest') !== undefined;
  return told ?? (hungUp ? 'closed_without_alert' : undefined);
}

function endingOf(seen: Seen): Ending {
  if (refusalOf(seen)) return 'notAuthorised';
  if (!seen.result.connected) return 'notReachable';
  return seen.result.distrust === undefined ? 'ok' : 'notTrusted';
}

function drawing(seen: Seen, now: number): string[] {
  const width = Math.max(...seen.messages.map(({ name }) => name.length), 0) + 2;
  const ladder = seen.messages.flatMap((message) => {
    const [first = '', ...more] = detailsOf(message, seen, now);
    const arrow = message.from === 'client' ? '──▶' : '◀──';
    const indent = ' '.repeat(6 + width);
    return [`  ${arrow} ${message.name.padEnd(width)}${first}`.trimEnd(), ...more.map((line) => `${indent}${line}`)];
  });
  const { host, port } = seen.request;
  return [`client ──▶ ${printable(host)}:${port}`, ...ladder, '', ...verdict(seen)];
}

function detailsOf(message: TracedMessage, { request, result }: Seen, now: number): string[] {
  const { name, certificatesDer, authorities, signatureScheme, alert } = message;
  if (alert) return [`${alert.fatal ? 'fatal' : 'warning'}: ${printable(alert.description)}`];
  if (name === 'ClientHello') return [`asks for ${printable(request.servername)}`];
  if (name === 'ServerHello') {
    return [
      [result.protocol, result.cipher, result.group]
        .filter(Boolean)
        .map(String)
        .map((text) => printable(text))
        .join(', '),
    ];
  }
  if (name === 'CertificateRequest') {
    return authorities.length === 0 ? ['of anybody'] : authorities.map((authority) => `of ${printable(authority)}`);
  }
  if (name === 'Certificate') {
    return certificatesDer.length === 0 ? ['none'] : certificatesDer.map((der) => certificateLine(der, now));
  }
  return signatureScheme === undefined ? [] : [signatureScheme];
}

function certificateLine(der: Uint8Array, now: number): string {
  try {
    const { subject, names, serial, notAfter } = parseCertificate(der);
    const subjectText = formatName(subject);
    const who = subjectText === '' ? (names[0]?.value ?? 'no name') : subjectText;
    const expires = timeInWords(new Date(notAfter * 1000).toISOString(), now);
    return `${printable(who)}, ${serial}, ${notAfter * 1000 < now ? 'expired' : 'expires'} ${expires}`;
  } catch {
    return `a certificate this program cannot read (${der.length} octets)`;
  }
}

function verdict(seen: Seen): string[] {
  const { result, request, trust } = seen;
  const refusal = refusalOf(seen);
  if (!result.connected && !refusal) return [`No TLS connection: ${printable(result.error ?? 'the server ended it')}.`];
  return [serverVerdict(result, request.servername, trust), clientVerdict(seen, refusal)];
}

const serverVerdict = ({ distrust }: ProbeResult, servername: string, trust: string): string =>
  distrust === undefined
    ? `The server is believed: it is ${printable(servername)}, by ${trust}.`
    : `The server is not believed (${printable(distrust || 'it never came to that')}), judged by ${trust}. Name its root with --ca FILE.`;

function clientVerdict(seen: Seen, refusal: string | undefined): string {
  const wanted = sent(seen, 'server', 'CertificateRequest') !== undefined;
  const shown = (sent(seen, 'client', 'Certificate')?.certificatesDer.length ?? 0) > 0;
  const showed = shown ? 'showed its certificate' : 'showed no certificate';
  if (refusal) {
    const next = shown ? 'Show one that the server knows.' : 'Show one with --cert FILE and --key FILE.';
    return `The client ${showed} and was refused: ${printable(refusal)}. ${next}`;
  }
  if (!wanted) return 'The client was not asked for a certificate: this is not mutual TLS.';
  return `The client was asked for a certificate, ${showed}, and was let in.`;
}

const jsonOf = (seen: Seen) => ({
  server: `${seen.request.host}:${seen.request.port}`,
  servername: seen.request.servername,
  protocol: seen.result.protocol ?? null,
  cipher: seen.result.cipher ?? null,
  group: seen.result.group ?? null,
  serverTrusted: seen.result.connected && seen.result.distrust === undefined,
  distrust: seen.result.distrust ?? null,
  certificateRequested: sent(seen, 'server', 'CertificateRequest') !== undefined,
  refusal: refusalOf(seen) ?? null,
  error: seen.result.error ?? null,
  messages: seen.messages.map(({ from, name, certificatesDer, authorities, signatureScheme, alert }) => ({
    from,
    name,
    ...(name === 'Certificate' && { certificates: certificatesDer.map(serialOf) }),
    ...(name === 'CertificateRequest' && { authorities }),
    ...(signatureScheme && { signatureScheme }),
    ...(alert && { alert: alert.description }),
  })),
});

function serialOf(der: Uint8Array): string | null {
  try {
    return parseCertificate(der).serial;
  } catch {
    return null;
  }
}
