/** Entry of a process of its own that does one TLS handshake: OpenSSL writes its trace straight to standard error. */
import { isIP } from 'node:net';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';

/** Comes as a message: arguments are seen by everybody on the machine. */
export interface ProbeRequest {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly maxVersion: SecureVersion;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly timeoutMs: number;
}

export interface ProbeResult {
  readonly connected: boolean;
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
}

/** A TLS 1.3 server judges the client's certificate after the client is done: its alert is waited for so long. */
const verdictMs = 500;

process.once('message', (request: ProbeRequest) => {
  let result: Omit<ProbeResult, 'closedAtOnce'> = { connected: false };
  let hangingUp = false;
  const { timeoutMs, servername, ...options } = request;
  const socket = connect({
    ...options,
    // RFC 6066 §3: SNI holds no address.
    ...(isIP(servername) === 0 && { servername }),
    rejectUnauthorized: false,
    enableTrace: true,
  });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    result = { ...result, error: error.code ?? error.message };
  });
  socket.once('secureConnect', () => {
    result = { ...result, ...agreedOn(socket) };
    setTimeout(() => {
      hangingUp = true;
      socket.end();
    }, verdictMs);
  });
  socket.once('close', () => {
    process.send?.({ ...result, closedAtOnce: result.connected && !hangingUp }, () => process.exit(0));
  });
  socket.resume();
});

/** Gone with the connection, so that it is asked as soon as there is one. */
function agreedOn(socket: TLSSocket): Omit<ProbeResult, 'closedAtOnce'> {
  const protocol = socket.getProtocol();
  const { name: group } = socket.getEphemeralKeyInfo() as { name?: string };
  return {
    connected: true,
    ...(protocol !== null && { protocol }),
    cipher: socket.getCipher().standardName,
    ...(group !== undefined && { group }),
    ...(!socket.authorized && { distrust: String(socket.authorizationError) }),
  };
}
