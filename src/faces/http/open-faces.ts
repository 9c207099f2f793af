/** Opens the three faces on their ports, gives them new certificates while they run, and stops them together. */
import type { Logger } from 'pino';
import { StartError } from '../../domain/errors.ts';
import type { DistributionUrls, Services } from '../../services/services.ts';
import { buildAdminFace } from './admin/build-admin-face.ts';
import { buildDistributionFace } from './distribution/build-distribution-face.ts';
import { defaultFaceLimits, type Face, type FaceLimits, type TlsMaterial } from './face-deps.ts';
import { buildPublicFace } from './public/build-public-face.ts';
import { replaceTlsMaterial } from './tls-context.ts';

/** PEM of the authorities whose client certificates the two HTTPS faces ask for. */
export interface ClientCas {
  readonly system: string;
  readonly products: readonly string[];
}

/** PEM of the service's own certificate and key. */
export type OwnCertificate = Pick<TlsMaterial, 'cert' | 'key'>;

export interface OpenFacesInput {
  readonly services: Services;
  readonly urls: DistributionUrls;
  readonly logger: Logger;
  /** Unix milliseconds. */
  now(): number;
  readonly version: string;
  readonly host: string;
  readonly ports: { readonly public: number; readonly admin: number; readonly distribution: number };
  readonly requestsPerMinute: FaceLimits['requestsPerMinute'];
  readonly requestLog: boolean;
  readonly tls: OwnCertificate;
  readonly clientCas: ClientCas;
}

export interface OpenFaces {
  /** New handshakes use these from now on; open connections stay. */
  replaceTls(own: OwnCertificate, clientCas: ClientCas): void;
  /** Answers what was accepted, refuses what comes, closes idle connections at once. */
  stop(): Promise<void>;
}

/** Rejects with StartError `portInUse` after closing what it had opened. */
export async function openFaces(input: OpenFacesInput): Promise<OpenFaces> {
  const { host, ports, tls, clientCas, version } = input;
  const deps = { ...input, limits: { ...defaultFaceLimits, requestsPerMinute: input.requestsPerMinute } };
  const distribution = buildDistributionFace(withoutTls(deps));
  const publicFace = buildPublicFace({ ...deps, tls: { ...tls, ca: clientCas.products } });
  const admin = buildAdminFace({ ...deps, version, tls: { ...tls, ca: [clientCas.system] } });
  const faces = [distribution, publicFace, admin];
  const stop = async (): Promise<void> => void (await Promise.all(faces.map((face) => face.close())));
  try {
    await listen(distribution, host, ports.distribution);
    await listen(publicFace, host, ports.public);
    await listen(admin, host, ports.admin);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    replaceTls(own, cas) {
      replaceTlsMaterial(publicFace, { ...own, ca: cas.products });
      replaceTlsMaterial(admin, { ...own, ca: [cas.system] });
    },
    stop,
  };
}

const withoutTls = <Deps extends { tls?: unknown }>({ tls: _tls, ...deps }: Deps): Omit<Deps, 'tls'> => deps;

async function listen(face: Face, host: string, port: number): Promise<void> {
  try {
    await face.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new StartError('portInUse', `Port ${port} is in use. Stop what uses it, or set another port.`, error);
    }
    if (code === 'EACCES') {
      throw new StartError('portInUse', `Port ${port} may not be opened by this user. Set one above 1023.`, error);
    }
    throw error;
  }
}
