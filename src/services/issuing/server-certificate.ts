/** The service's own TLS certificate: a key that lives only in memory, issued by `system`, replaced by itself. */
import { encodePem } from '../../domain/der/pem.ts';
import { CaError, reworded } from '../../domain/errors.ts';
import { recipes } from '../../domain/policy/service-profiles.ts';
import { parseGeneralName } from '../../domain/x509/general-name.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KeyPairs } from '../../ports/key-pairs.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';
import type { IssueServiceCertificate } from './issue-service-certificate.ts';

export interface ServerCertificate {
  readonly keyPem: string;
  readonly certificatePem: string;
  /** What follows it: a cross-certificate while `system` has two roots in use. */
  readonly chainPem: string;
  /** Id of the generation of `system` that signed it. */
  readonly issuer: string;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface ServerCertificateDeps {
  readonly clock: Clock;
  readonly keyPairs: KeyPairs;
  readonly directory: AuthorityDirectory;
  readonly issueServiceCertificate: IssueServiceCertificate;
  /** DNS names and IP addresses by which clients reach the service. */
  readonly names: readonly string[];
}

/**
 * The names by which clients reach this machine: loopback, its host name, and what the settings add. A host name that no certificate
 * can hold, such as a container's of twelve digits, is left out: nobody chose it, so nothing should fail because of it.
 */
export function serverNamesOf(hostName: string, further: readonly string[]): readonly string[] {
  const host = parseGeneralName(hostName);
  const own = host?.type === 'dns' || host?.type === 'ip' ? [host.value] : [];
  return [...new Set(['localhost', ...own, ...further, '127.0.0.1', '::1'])];
}

export async function issueServerCertificate(deps: ServerCertificateDeps): Promise<ServerCertificate> {
  const pair = await deps.keyPairs.exportable('ec-p256');
  // A `system` that is compromised and not replaced yet does as well: who is to replace it must get in.
  const issuer = await deps.directory.inForce('system');
  const { record, der } = await deps
    .issueServiceCertificate({
      recipe: recipes.server,
      issuer,
      owner: 'server',
      publicKeyDer: pair.publicKeyDer,
      commonName: deps.names[0] ?? 'localhost',
      names: deps.names,
      ignoreClock: true,
    })
    .catch((error: unknown) => {
      // What a person reads whose start ends here, though products' authorities may have their keys elsewhere.
      if (!(error instanceof CaError) || error.code !== 'signerUnavailable') throw error;
      throw reworded(
        error,
        `${error.message} The service has its own TLS certificate from ${issuer.id}, whose key this is.`,
      );
    });
  return {
    keyPem: pair.privateKeyPem,
    certificatePem: encodePem('CERTIFICATE', der),
    chainPem: chainOf(issuer),
    issuer: issuer.id,
    notBefore: record.notBefore,
    notAfter: record.notAfter,
  };
}

const chainOf = ({ chainDer }: ActiveAuthority): string =>
  chainDer.map((der) => encodePem('CERTIFICATE', der)).join('');

/** Two thirds of its life have passed, or `system` has another key or another chain: time for the next one. */
export async function serverCertificateIsDue(
  { clock, directory }: Pick<ServerCertificateDeps, 'clock' | 'directory'>,
  { notBefore, notAfter, issuer, chainPem }: ServerCertificate,
): Promise<boolean> {
  const system = await directory.inForce('system');
  const isOld = clock.now() / 1000 > notBefore + ((notAfter - notBefore) * 2) / 3;
  return isOld || issuer !== system.id || chainPem !== chainOf(system);
}
