/** The three faces listening: three servers, three TLS contexts, opened and closed together. */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { StartError } from '../../domain/errors.ts';
import { buildAdminFace } from './admin/build-admin-face.ts';
import { replaceTlsMaterial } from './arrival/tls-context.ts';
import { buildDistributionFace } from './distribution/build-distribution-face.ts';
import type { FaceDeps, TlsMaterial } from './face-deps.ts';
import { buildPublicFace } from './public/build-public-face.ts';

export interface ListenOptions {
  /** Address to listen on; `::` is every one. */
  readonly host: string;
  readonly ports: { readonly public: number; readonly admin: number; readonly distribution: number };
  /** Called when the faces are about to listen: what holds their ports for them lets go. */
  readonly release?: () => Promise<void>;
}

/** The service's own certificate, and the authorities whose client certificates each HTTPS face asks for; PEM. */
export interface FacesTls {
  readonly server: Pick<TlsMaterial, 'cert' | 'key'>;
  readonly productAuthorities: readonly string[];
  readonly systemAuthority: string;
}

export interface OpenFaces {
  /** New handshakes use these from now on. */
  replaceTls(tls: FacesTls): void;
  /** Stops accepting, finishes what was accepted, closes every socket. */
  close(): Promise<void>;
}

export interface OpenFacesDeps extends Omit<FaceDeps, 'tls'> {
  readonly version: string;
}

const publicTls = ({ server, productAuthorities }: FacesTls): TlsMaterial => ({ ...server, ca: productAuthorities });
const adminTls = ({ server, systemAuthority }: FacesTls): TlsMaterial => ({ ...server, ca: [systemAuthority] });

const names = ['distribution', 'public', 'admin'] as const;

/** Throws as `openFaces` would, before there is anything to close. */
export async function refuseTakenPorts({ host, ports }: ListenOptions): Promise<void> {
  for (const name of names)
    await listen(name, { listen: (address) => hold(address).then(letGo) }, { host, port: ports[name] });
}

/** Free ports in place of those that are 0, held so that no other program is given them meanwhile. Throws as `openFaces` would. */
export async function settlePorts({ host, ports }: ListenOptions): Promise<Required<ListenOptions>> {
  const settled = { ...ports };
  const held: Server[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(held.splice(0).map(letGo));
  };
  try {
    for (const name of names) {
      if (ports[name] !== 0) continue;
      const server = await listen(name, { listen: hold }, { host, port: 0 });
      held.push(server);
      settled[name] = (server.address() as AddressInfo).port;
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { host, ports: settled, release };
}

/** Whoever connects already is sent away, and may try again. */
const hold = (address: Address): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy()).once('error', reject);
    server.listen(address, () => resolve(server)).unref();
  });

const letGo = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** Throws StartError `portInUse` or `badConfiguration` with what to change, after closing what it had opened. */
export async function openFaces(
  deps: OpenFacesDeps,
  tls: FacesTls,
  { host, ports, release }: ListenOptions,
): Promise<OpenFaces> {
  const faces = {
    distribution: buildDistributionFace(deps),
    public: buildPublicFace({ ...deps, tls: publicTls(tls) }),
    admin: buildAdminFace({ ...deps, tls: adminTls(tls) }),
  };
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(faces).map((face) => face.close()));
  };
  try {
    for (const name of names) await faces[name].ready();
    await release?.();
    for (const name of names) await listen(name, faces[name], { host, port: ports[name] });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    close,
    replaceTls(next) {
      replaceTlsMaterial(faces.public, publicTls(next));
      replaceTlsMaterial(faces.admin, adminTls(next));
    },
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

interface Listening<T> {
  listen(address: Address): Promise<T>;
}

async function listen<T>(name: string, face: Listening<T>, address: Address): Promise<T> {
  try {
    // For `localhost` Fastify would open a second server beside this one, without our limits and certificates.
    return await face.listen(address.host === 'localhost' ? { ...address, host: '127.0.0.1' } : address);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    // A machine without IPv6: every IPv4 address is what `::` meant there.
    if (address.host === '::' && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL')) {
      return listen(name, face, { ...address, host: '0.0.0.0' });
    }
    throw notListening(name, address, cause);
  }
}

function notListening(name: string, { host, port }: Address, cause: unknown): StartError {
  const variable = `PRIVYSEAL_${name.toUpperCase()}_PORT`;
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    const advice = `Stop the program that has it, or choose another port with ${variable}.`;
    return new StartError('portInUse', `Port ${port} of the ${name} face is in use. ${advice}`, cause);
  }
  const advice =
    code === 'EACCES'
      ? `A port below 1024 takes the capability CAP_NET_BIND_SERVICE (docs/installing.md); or choose another with ${variable}.`
      : `Correct PRIVYSEAL_HOST or ${variable}.`;
  return new StartError(
    'badConfiguration',
    `The ${name} face cannot listen on ${host} port ${port} (${code}). ${advice}`,
    cause,
  );
}
