/** One TLS handshake with a server, and what it showed: its certificate is seen even when it then refuses the client. */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { certificatesIn, judgeServerChain } from '../../domain/diagnosis/judge-server-chain.ts';
import { printable } from '../../domain/policy/printable.ts';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { parseSerial } from '../../domain/x509/serial.ts';
import type { Proof } from './proof-schema.ts';
import { flawInWords, troubleOf } from './trouble.ts';

/** As Node calls it: `ec`, `rsa`, `ed25519`. */
export type KeyKind = string | undefined;

export interface Sight {
  readonly certificate?: { readonly serial: string; readonly subject: string; readonly key: KeyKind };
  /** As `TLSv1.3`. */
  readonly protocol?: string;
  /** What is wrong with this handshake, to follow "but" or a colon; absent when nothing is. */
  readonly trouble?: string;
}

export interface Glance {
  readonly trustPem: string;
  readonly own?: { readonly certPem: string; readonly keyPem: string };
  /** Asks a server with several certificates for the one with such a key. */
  readonly only?: KeyKind;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** A TLS 1.3 server judges the client's certificate after the client is done: its alert is waited for so long. */
const verdictMs = 300;

/** Never rejects: whatever goes wrong is the sight's trouble. */
export async function look(proof: Proof, glance: Glance): Promise<Sight> {
  let socket: TLSSocket;
  try {
    socket = open(proof, glance);
  } catch (error) {
    const { code = 'no PEM' } = error as NodeJS.ErrnoException;
    return { trouble: `the trust, certificate or key for it cannot be used (${printable(code)})` };
  }
  return watch(socket, proof, glance);
}

/** RFC 8446 §4.2.3, and the names that OpenSSL has for those of TLS 1.2: by these a server chooses among its certificates. */
const signatureAlgorithms: Readonly<Record<string, string>> = {
  ec: 'ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512',
  rsa: 'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512',
  ed25519: 'ed25519',
};

function open({ host, port, serverName = host, client }: Proof, { trustPem, own, only = '' }: Glance): TLSSocket {
  const sigalgs = signatureAlgorithms[only];
  return connect({
    host,
    port,
    ca: trustPem,
    ...(sigalgs !== undefined && { sigalgs }),
    // RFC 6066 §3: SNI holds no address.
    ...(isIP(serverName) === 0 && { servername: serverName }),
    ...(client === 'own' && own && { cert: own.certPem, key: own.keyPem }),
    rejectUnauthorized: false,
    // Judged below, also where TLS does not come to it.
    checkServerIdentity: () => undefined,
    requestOCSP: true,
  });
}

function watch(socket: TLSSocket, proof: Proof, glance: Glance): Promise<Sight> {
  return new Promise((resolve) => {
    let sight: Sight = {};
    const end = (trouble?: string) => {
      clearTimeout(timer);
      glance.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve({ ...sight, ...(trouble !== undefined && { trouble }) });
    };
    const onAbort = () => end('it was interrupted');
    const timer = setTimeout(() => end('it did not answer in time'), glance.timeoutMs);
    glance.signal.addEventListener('abort', onAbort, { once: true });
    let doubt: string | undefined;
    // Comes with the server's certificate, before a TLS 1.2 server refuses a client that shows none.
    socket.once('OCSPResponse', () => {
      [sight, doubt] = seenOn(socket, proof, glance);
    });
    socket.once('secureConnect', () => {
      [sight, doubt] = seenOn(socket, proof, glance);
      // What a server thinks of a client that shows nothing is no part of this proof.
      if (proof.client === 'own') setTimeout(() => end(doubt), verdictMs);
      else end(doubt);
    });
    socket.on('error', (error) => end(proof.client !== 'own' && sight.certificate ? doubt : troubleOf(error)));
    socket.once('close', () => end(proof.client === 'own' ? 'it hung up on the client certificate' : doubt));
    socket.resume();
  });
}

/** And what speaks against it: its chain, its times, its purpose, its name. */
function seenOn(socket: TLSSocket, { host, serverName = host }: Proof, { trustPem }: Glance): [Sight, string?] {
  const chain = chainOf(socket);
  const [leaf] = chain;
  if (!leaf) return [{}];
  const protocol = socket.getProtocol();
  const subject = leaf.subject?.replaceAll('\n', ', ') || 'a certificate without a subject';
  const key = leaf.publicKey.asymmetricKeyType;
  const certificate = { serial: parseSerial(leaf.serialNumber) ?? '', subject: printable(subject, 200), key };
  const sight = { certificate, ...(protocol !== null && { protocol }) };
  const [flaw] = judgeServerChain({ chain, roots: certificatesIn(trustPem), serverName, nowMs: Date.now() });
  if (flaw) return [sight, flawInWords(flaw, serverName)];
  const distrust = socket.authorizationError as unknown;
  return distrust ? [sight, `it is not good under the roots given (${printable(String(distrust))})`] : [sight];
}

/** As the server sent it. */
function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let peer: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true) ?? undefined;
  while (peer?.raw && chain.length < 10) {
    chain.push(openCertificate(peer.raw));
    peer = peer.issuerCertificate === peer ? undefined : peer.issuerCertificate;
  }
  return chain;
}
