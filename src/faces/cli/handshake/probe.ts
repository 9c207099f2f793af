/** Entry of a process of its own that does one TLS handshake: OpenSSL writes its trace straight to standard error. */
import { isIP, connect as openPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { type StartTlsProtocol, StartTlsRefused, startTls } from './start-tls.ts';

/** Comes as a message: arguments are seen by everybody on the machine. */
export interface ProbeRequest {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly maxVersion: SecureVersion;
  /** What to speak before TLS. */
  readonly starttls?: StartTlsProtocol;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly timeoutMs: number;
  /** Ask for `/` over HTTP afterwards: some servers refuse a client only there. */
  readonly http: boolean;
}

/** How far it came: the name resolved, TCP connected, TLS agreed. */
export type ProbeStage = 'nothing' | 'resolved' | 'connected' | 'secured';

export interface ProbeResult {
  readonly connected: boolean;
  readonly stage: ProbeStage;
  readonly protocol?: string;
  readonly cipher?: string;
  /** Key exchange group, as `X25519`. */
  readonly group?: string;
  /** Why the server's certificate is not believed; absent when it is. */
  readonly distrust?: string;
  /** True when the server hung up right after the handshake, as some do instead of sending an alert. */
  readonly closedAtOnce: boolean;
  /** Why there is no connection, or why it ended. */
  readonly error?: string;
  /** Whether a second connection was let in with the session of the first. */
  readonly resumption?: 'resumed' | 'full' | 'noTicket' | 'failed';
  /** The OCSP answer that the server sent with its certificate, in base64. */
  readonly stapled?: string;
  /** Beginning of what came over HTTP. */
  readonly http?: string;
  /** Beginning of what the port says to plain HTTP, when it did not speak TLS. */
  readonly plain?: string;
}

type Mutable = { -readonly [Key in keyof ProbeResult]: ProbeResult[Key] };

/** A TLS 1.3 server judges the client's certificate after the client is done: its alert is waited for so long. */
const verdictMs = 500;
const longestAnswer = 4096;

process.once('message', (request: ProbeRequest) => {
  void probe(request).then((result) => process.send?.(result, () => process.exit(0)));
});

async function probe(request: ProbeRequest): Promise<ProbeResult> {
  const { result, session } = await handshake(request);
  if (result.error !== undefined && /WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST/.test(result.error)) {
    const plain = await saidInPlain(request);
    return { ...result, ...(plain !== '' && { plain }) };
  }
  if (!result.connected || result.error !== undefined || result.closedAtOnce) return result;
  return { ...result, resumption: session ? await resume(request, session) : 'noTicket' };
}

function optionsOf({ timeoutMs, http, starttls, servername, ...options }: ProbeRequest): ConnectionOptions {
  // RFC 6066 §3: SNI holds no address.
  return { ...options, ...(isIP(servername) === 0 && { servername }), rejectUnauthorized: false };
}

async function handshake(request: ProbeRequest): Promise<{ result: ProbeResult; session?: Buffer }> {
  const result: Mutable = { connected: false, stage: 'nothing', closedAtOnce: false };
  const tracing = { ...optionsOf(request), enableTrace: true, requestOCSP: true };
  if (request.starttls === undefined) return secured(request, watched(connect(tracing), request, result), result);
  try {
    const socket = await askedInPlain(request, request.starttls, result);
    return await secured(request, connect({ ...tracing, socket }), result);
  } catch (error) {
    const said = error instanceof StartTlsRefused ? { plain: error.said } : {};
    return { result: { ...result, error: codeOf(error as Error), ...said } };
  }
}

/** A connection on which TLS is awaited. */
async function askedInPlain(request: ProbeRequest, protocol: StartTlsProtocol, result: Mutable): Promise<Socket> {
  const socket = limited(watched(openPlain(request), request, result), request);
  try {
    await startTls(socket, protocol);
    return socket.setTimeout(0);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Broken off when it is silent for too long. */
const limited = <Opened extends Socket>(socket: Opened, { timeoutMs }: Pick<ProbeRequest, 'timeoutMs'>): Opened =>
  socket.setTimeout(timeoutMs, () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));

/** How far it comes. */
function watched<Opened extends Socket>(socket: Opened, { host }: ProbeRequest, result: Mutable): Opened {
  if (isIP(host) !== 0) result.stage = 'resolved';
  socket.once('lookup', (error) => {
    if (!error) result.stage = 'resolved';
  });
  socket.once('connect', () => {
    result.stage = 'connected';
  });
  return socket;
}

function secured(
  { timeoutMs, http, servername }: ProbeRequest,
  socket: TLSSocket,
  result: Mutable,
): Promise<{ result: ProbeResult; session?: Buffer }> {
  let hangingUp = false;
  let session: Buffer | undefined;
  limited(socket, { timeoutMs });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    result.error = codeOf(error);
  });
  socket.once('OCSPResponse', (answer: Buffer | null) => {
    if (answer) result.stapled = answer.toString('base64');
  });
  socket.on('session', (ticket) => {
    session = ticket;
  });
  socket.once('secureConnect', () => {
    Object.assign(result, agreedOn(socket));
    // From here on the times below count: silence is no failure any more.
    socket.setTimeout(0);
    if (http)
      socket.write(
        `GET / HTTP/1.1\r\nHost: ${servername}\r\nUser-Agent: privyseal-handshake\r\nConnection: close\r\n\r\n`,
      );
    const hangUp = () => {
      hangingUp = true;
      socket.end();
      // A peer that never ends its own side does not keep the program waiting.
      setTimeout(() => socket.destroy(), verdictMs);
    };
    setTimeout(hangUp, http ? timeoutMs : verdictMs);
    socket.on('data', (chunk: Buffer) => {
      if (!http) return;
      result.http = `${result.http ?? ''}${chunk.toString('latin1')}`.slice(0, longestAnswer);
      if (result.http.length === longestAnswer) hangUp();
    });
    socket.once('end', () => {
      hangingUp ||= result.http !== undefined;
    });
  });
  return new Promise((resolve) => {
    socket.once('close', () => {
      result.closedAtOnce = result.connected && !hangingUp;
      resolve({ result, ...(session && { session }) });
    });
    socket.resume();
  });
}

/** Several addresses of one name that all failed come as an AggregateError; the first one speaks for all. */
function codeOf(error: NodeJS.ErrnoException): string {
  const { code, message } = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  return code ?? message;
}

/** Gone with the connection, so that it is asked as soon as there is one. */
function agreedOn(socket: TLSSocket): Partial<ProbeResult> {
  const protocol = socket.getProtocol();
  const { name: group } = socket.getEphemeralKeyInfo() as { name?: string };
  return {
    connected: true,
    stage: 'secured',
    ...(protocol !== null && { protocol }),
    cipher: socket.getCipher().standardName,
    ...(group !== undefined && { group }),
    ...(!socket.authorized && { distrust: String(socket.authorizationError) }),
  };
}

/** A second connection that offers the first one's session. */
async function resume(request: ProbeRequest, session: Buffer): Promise<'resumed' | 'full' | 'failed'> {
  const options = { ...optionsOf(request), session };
  if (request.starttls === undefined) return resumed(request, connect(options));
  const unseen = { connected: false, stage: 'nothing', closedAtOnce: false } as const;
  const socket = await askedInPlain(request, request.starttls, unseen).catch(() => undefined);
  return socket ? resumed(request, connect({ ...options, socket })) : 'failed';
}

function resumed(request: ProbeRequest, socket: TLSSocket): Promise<'resumed' | 'full' | 'failed'> {
  return new Promise((resolve) => {
    const end = (outcome: 'resumed' | 'full' | 'failed') => {
      resolve(outcome);
      socket.destroy();
    };
    socket.setTimeout(request.timeoutMs, () => end('failed'));
    socket.once('secureConnect', () => end(socket.isSessionReused() ? 'resumed' : 'full'));
    socket.on('error', () => end('failed'));
    socket.once('close', () => end('failed'));
  });
}

/** What a port that does not speak TLS says, by itself or to HTTP. */
function saidInPlain({ host, port, timeoutMs }: ProbeRequest): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = openPlain({ host, port }, () => void socket.write('HEAD / HTTP/1.0\r\n\r\n'));
    const end = () => {
      socket.destroy();
      resolve(said.slice(0, 200));
    };
    socket.setTimeout(Math.min(timeoutMs, 2000), end);
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      end();
    });
    socket.on('error', end);
    socket.once('close', end);
  });
}
