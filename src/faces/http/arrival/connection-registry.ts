/** What a face knows of its open sockets: requests under way, the credential they act for, and which to close when. */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket, Server as TlsServer } from 'node:tls';
import { parseSerial } from '../../../domain/x509/serial.ts';
import type { FaceLimits } from '../face-deps.ts';
import type { ClientCertificate } from './tls-context.ts';

interface Connection {
  readonly address: string;
  underWay: number;
  /** When it was opened or last ended a request, as a count over all connections: the lowest has been idle longest. */
  lastUse: number;
  /** DER of the client certificate; null: there is none, undefined: not looked at yet. */
  peerDer: Uint8Array | null | undefined;
  /** What it acts for: the serial of a certificate, or a token. */
  credential: string | undefined;
}

export interface ConnectionRegistry {
  /**
   * Follows every socket of the server from before its TLS handshake, so that none can outlive a stop. Where a client
   * certificate is required, a socket acts for it from its handshake on, before there is any request.
   */
  watch(server: Server, clientCertificate: ClientCertificate): void;
  requestBegan(socket: Socket): void;
  requestEnded(socket: Socket): void;
  /** Whom the limits count: the remote address, for IPv6 its /64. */
  address(socket: Socket): string;
  /** The exact DER that this socket's own handshake proved; undefined without TLS or certificate. */
  peerDer(socket: Socket): Uint8Array | undefined;
  /** Remembers that the socket acts for this credential, to be closed with it: a serial, or what `tokenCredential` gives. */
  identify(socket: Socket, credential: string): void;
  /** How many are open, and how many requests they wait for. */
  load(): { readonly connections: number; readonly requestsUnderWay: number };
  /** Forgets it: a socket that revokes its own certificate still gets the answer. */
  spare(socket: Socket): void;
  destroyOf(credential: string): void;
  /**
   * From now on a socket ends with its last answer. Idle ones end at once, those whose request has not come whole after
   * `drainBodiesMs`, and all that are left after `drainMs`.
   */
  drain(limits: Pick<FaceLimits, 'drainMs' | 'drainBodiesMs'>): void;
}

/** No serial has a colon. */
export const tokenCredential = (id: string): string => `token:${id}`;

/** The share of `mostOpen` that is kept free, for those who come before a connection that gave way is gone. */
const spareFraction = 1 / 16;

/** Once nearly `mostOpen` are open, the one that has been idle longest gives way to each newcomer. */
export function createConnectionRegistry(mostOpen: number): ConnectionRegistry {
  const crowded = mostOpen - Math.ceil(mostOpen * spareFraction);
  const connections = new WeakMap<Socket, Connection>();
  const open = new Set<Socket>();
  const byCredential = new Map<string, Set<Socket>>();
  let draining = false;
  let requestsUnderWay = 0;
  let uses = 0;

  const follow = (socket: Socket): void => {
    open.add(socket);
    connectionOf(socket);
    socket.once('close', () => {
      open.delete(socket);
      spare(socket);
    });
    if (draining) socket.destroy();
    else if (open.size > crowded) makeRoom(socket);
  };

  /** Otherwise a few peers could keep everybody else out with connections that they do not use. */
  const makeRoom = (newcomer: Socket): void => {
    let longest: Socket | undefined;
    for (const socket of open) {
      if (socket === newcomer || socket.destroyed || connectionOf(socket).underWay > 0) continue;
      if (!longest || connectionOf(socket).lastUse < connectionOf(longest).lastUse) longest = socket;
    }
    longest?.destroy();
  };

  const connectionOf = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known) return known;
    const address = limitedAddress(socket.remoteAddress ?? '');
    const made = { address, underWay: 0, lastUse: uses++, peerDer: undefined, credential: undefined };
    connections.set(socket, made);
    return made;
  };

  const spare = (socket: Socket): void => {
    const { credential } = connectionOf(socket);
    const sockets = credential === undefined ? undefined : byCredential.get(credential);
    if (credential === undefined || !sockets) return;
    sockets.delete(socket);
    if (sockets.size === 0) byCredential.delete(credential);
    connectionOf(socket).credential = undefined;
  };

  /** A socket that is closed already is left alone: no `close` would come any more, by which it could be forgotten. */
  const identify = (socket: Socket, credential: string): void => {
    const connection = connectionOf(socket);
    if (connection.credential === credential || !open.has(socket)) return;
    spare(socket);
    connection.credential = credential;
    byCredential.set(credential, (byCredential.get(credential) ?? new Set<Socket>()).add(socket));
  };

  const identifyByHandshake = (socket: Socket): void => {
    const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.serialNumber : undefined;
    const serial = shown === undefined ? undefined : parseSerial(shown);
    if (serial !== undefined) identify(socket, serial);
  };

  return {
    watch(server, clientCertificate) {
      if (!(server instanceof TlsServer)) return void server.on('connection', follow);
      followHandshakes(server, open, follow);
      if (clientCertificate === 'required') server.on('secureConnection', identifyByHandshake);
    },
    requestBegan(socket) {
      connectionOf(socket).underWay++;
      requestsUnderWay++;
    },
    requestEnded(socket) {
      const connection = connectionOf(socket);
      connection.underWay--;
      connection.lastUse = uses++;
      requestsUnderWay--;
      if (draining && connection.underWay === 0) socket.end();
    },
    address: (socket) => connectionOf(socket).address,
    peerDer(socket) {
      const connection = connectionOf(socket);
      if (connection.peerDer === undefined) connection.peerDer = provenPeer(socket);
      return connection.peerDer ?? undefined;
    },
    identify,
    spare,
    load: () => ({ connections: open.size, requestsUnderWay }),
    destroyOf(credential) {
      for (const socket of [...(byCredential.get(credential) ?? [])]) socket.destroy();
    },
    drain({ drainMs, drainBodiesMs }) {
      draining = true;
      for (const socket of open) {
        if (connectionOf(socket).underWay === 0) socket.destroy();
        else announceEnd(socket);
      }
      // A server that closes checks its time limits no more: a body that never comes would hold it for good.
      setTimeout(() => {
        for (const socket of open) if (isArriving(socket)) socket.destroy();
      }, drainBodiesMs).unref();
      setTimeout(() => {
        for (const socket of open) socket.destroy();
      }, drainMs).unref();
    },
  };
}

/** Node keeps the response under way there, from the moment that the header of its request is read. */
type Answering = Socket & { readonly _httpMessage?: ServerResponse | null };

const isArriving = ({ _httpMessage: response }: Answering): boolean => response?.req.complete === false;

/** RFC 9112 §9.6: a peer that is told sends no next request, which nobody would answer. */
function announceEnd({ _httpMessage: response }: Answering): void {
  if (response && !response.headersSent) response.setHeader('connection', 'close');
}

/** Until its handshake is done a peer is a plain socket; after it, the TLS socket that took its place. */
function followHandshakes(server: TlsServer, open: Set<Socket>, follow: (socket: Socket) => void): void {
  const shaking = new Map<string, Socket>();
  const nameOf = (socket: Socket): string => `${socket.remoteAddress}:${socket.remotePort}`;
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    shaking.set(name, socket);
    socket.once('close', () => shaking.delete(name));
    follow(socket);
  });
  server.on('secureConnection', (socket: Socket) => {
    const plain = shaking.get(nameOf(socket));
    if (plain) open.delete(plain);
    shaking.delete(nameOf(socket));
    follow(socket);
  });
}

/** A resumed session proves nothing about the peer now; it must not happen here, and never counts if it does. */
function provenPeer(socket: Socket): Uint8Array | null {
  if (!(socket instanceof TLSSocket) || socket.isSessionReused()) return null;
  return socket.getPeerX509Certificate()?.raw ?? null;
}

/** One customer of IPv6 has a whole /64 to come from (RFC 6177): it counts as one address. */
export function limitedAddress(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address.replace('::ffff:', '');
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::/64`;
}
