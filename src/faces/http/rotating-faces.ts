/** The faces with the service's own TLS certificate, which it issues to itself and replaces while they run. */
import type { BuiltServices } from '../../services/build-services.ts';
import { type FacesTls, type ListenOptions, type OpenFaces, type OpenFacesDeps, openFaces } from './open-faces.ts';

export interface RotatingFaces extends Pick<OpenFaces, 'close'> {
  /** Replaces the TLS certificate when it is due, and the authorities that clients' certificates may come from. */
  refresh(): Promise<void>;
}

/** Where TLS material comes from. */
type TlsSource = Pick<BuiltServices, 'issueServerCertificate' | 'serverCertificateIsDue' | 'clientAuthorities'>;

/** Throws as `openFaces` does. */
export async function openRotatingFaces(
  deps: OpenFacesDeps,
  source: TlsSource,
  listening: ListenOptions,
): Promise<RotatingFaces> {
  let certificate = await source.issueServerCertificate();
  let authorities = await source.clientAuthorities();
  const tls = (): FacesTls => ({
    server: { cert: certificate.certificatePem + certificate.chainPem, key: certificate.keyPem },
    productAuthorities: authorities.products,
    systemAuthority: authorities.system,
  });
  const faces = await openFaces(deps, tls(), listening);
  return {
    async refresh() {
      const due = await source.serverCertificateIsDue(certificate);
      // A certificate that is about to end is replaced, also while the authorities of clients cannot be read.
      const wanted = await source.clientAuthorities().catch((error: unknown) => {
        if (!due) throw error;
        deps.logger.error({ err: error }, 'the authorities of clients could not be read; those from before stay');
        return authorities;
      });
      if (!due && wanted.system === authorities.system && wanted.products.join() === authorities.products.join())
        return;
      if (due) certificate = await source.issueServerCertificate();
      authorities = wanted;
      faces.replaceTls(tls());
      deps.logger.info({ newCertificate: due }, 'the TLS contexts were replaced');
    },
    close: () => faces.close(),
  };
}
