/** `privyseal handshake HOST:PORT`: does one TLS handshake in a process of its own and draws what really happened. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { decodePemAll } from '../../../domain/der/pem.ts';
import { tag } from '../../../domain/der/tag.ts';
import { certificatesIn } from '../../../domain/diagnosis/judge-server-chain.ts';
import type { Target } from '../arguments.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import { readNamedFile } from '../named-file.ts';
import type { GlobalOptions, Session } from '../session.ts';
import { paintFor } from '../terminal/paint.ts';
import { diagnose } from './diagnose.ts';
import { drawMermaid } from './draw-mermaid.ts';
import { drawReport } from './draw-report.ts';
import { drawSvg } from './draw-svg.ts';
import { handshakeJson } from './handshake-json.ts';
import type { ProbeRequest, ProbeResult } from './probe.ts';
import { readCredentials } from './read-credentials.ts';
import { type GivenList, revocationSaid } from './revocation.ts';
import { lifelines, rowsOf } from './rows.ts';
import { refusalOf, type Seen } from './seen.ts';
import type { StartTlsProtocol } from './start-tls.ts';
import { readTrace, type TracedMessage } from './trace.ts';
import type { TroubleCode } from './trouble.ts';

export interface HandshakeOptions {
  readonly servername?: string;
  readonly maxTls: '1.2' | '1.3';
  /** Seconds. */
  readonly timeout?: number;
  readonly http?: boolean;
  readonly starttls?: StartTlsProtocol;
  readonly crl?: string[];
  readonly revocation?: boolean;
  readonly svg?: boolean;
  readonly mermaid?: boolean;
}

const defaultTimeoutSeconds = 10;
const longestTrace = 4 * 1024 * 1024;

export async function handshake(
  session: Session,
  target: Target,
  options: HandshakeOptions & GlobalOptions,
): Promise<Ending> {
  const { maxTls, timeout = defaultTimeoutSeconds, http = false, servername = target.host } = options;
  const { trust, pem } = await readCredentials(session, options);
  const request: ProbeRequest = {
    ...{ ...target, servername, http, timeoutMs: timeout * 1000 },
    ...{ maxVersion: `TLSv${maxTls}`, ...pem, ...(options.starttls && { starttls: options.starttls }) },
  };
  const { result, trace } = await probe(request);
  const roots = certificatesIn(pem.ca ?? rootCertificates.join('\n'));
  const all = readTrace(trace);
  const goodbye = all.some((message) => message.from === 'server' && isGoodbye(message));
  // Without the goodbyes: most are this program's own doing.
  const messages = all.filter((message) => !isGoodbye(message));
  const lists = await readLists(session, options.crl ?? []);
  const facts = { request, result, messages, roots, trust, nowMs: Date.now(), goodbye, listsGiven: lists.length };
  const sources = { lists, ask: options.revocation === true, timeoutMs: timeout * 1000 };
  const seen: Seen = { ...facts, revocation: await revocationSaid(facts, sources) };
  show(session, seen, options);
  return endingOf(seen);
}

function show(session: Session, seen: Seen, { svg, mermaid }: HandshakeOptions): void {
  const troubles = diagnose(seen);
  if (session.json) session.printJson(handshakeJson(seen, troubles));
  else if (svg) session.print(drawSvg(lifelines(seen), rowsOf(seen), troubles));
  else if (mermaid) session.print(drawMermaid(lifelines(seen), rowsOf(seen), troubles));
  else session.print(drawReport(seen, troubles, { paint: paintFor(session.io), columns: session.width }));
}

/** PEM, of any number of lists, or DER. */
async function readLists(session: Session, names: readonly string[]): Promise<GivenList[]> {
  const lists: GivenList[] = [];
  for (const name of names) {
    const advice = 'Name a file of CRLs, PEM or DER.';
    const octets = await readNamedFile({ file: session.path(name), what: 'a CRL', advice });
    const pem = octets.toString('latin1');
    const ders = pem.includes('-----BEGIN X509 CRL-----') ? decodePemAll(pem, 'X509 CRL') : [octets];
    if (ders.some((der) => der[0] !== tag.sequence)) {
      throw new CliError('usage', `${session.path(name)} is no CRL. Name a file of CRLs, PEM or DER.`);
    }
    lists.push(...ders.map((der) => ({ name, der })));
  }
  return lists;
}

/** The trace goes to the process's standard error, which is why there is one. */
function probe(request: ProbeRequest): Promise<{ result: ProbeResult; trace: string }> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'probe.ts'), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: {},
    });
    let trace = '';
    let result: ProbeResult | undefined;
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      // A server could go on with messages for as long as it is listened to.
      if (trace.length < longestTrace) trace += chunk;
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

const isGoodbye = ({ alert }: TracedMessage): boolean => alert?.description === 'close_notify';

/** What ends the program as the server's refusal of the client does. */
const refusals: ReadonlySet<TroubleCode> = new Set([
  ...(['clientCertificateMissing', 'clientExpired', 'clientNotYetValid', 'clientWrongPurpose'] as const),
  ...(['clientUnknownCa', 'clientRevoked', 'clientRefused'] as const),
]);

/** What OpenSSL does not know of a server that it believes. */
const ofServer: ReadonlySet<TroubleCode> = new Set(['serverRevoked', 'serverNotBelieved']);

function endingOf(seen: Seen): Ending {
  const troubles = diagnose(seen);
  if (troubles.some(({ code }) => refusals.has(code))) return 'notAuthorised';
  if (!seen.result.connected || refusalOf(seen)) return 'notReachable';
  const isTrusted = seen.result.distrust === undefined && troubles.every(({ code }) => !ofServer.has(code));
  return isTrusted ? 'ok' : 'notTrusted';
}
