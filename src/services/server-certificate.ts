/** The service's own TLS certificate: a key that lives only in memory, issued by `system`, replaced by itself. */
import { encodePem } from '../domain/der/pem.ts';
import { recipes } from '../domain/policy/service-profiles.ts';
import type { Clock } from '../ports/clock.ts';
import type { KeyPairs } from '../ports/key-pairs.ts';
import type { AuthorityDirectory } from './authority-directory.ts';
import type { IssueServiceCertificate } from './issue-service-certificate.ts';

export interface ServerCertificate {
  readonly keyPem: string;
  readonly certificatePem: string;
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

export async function issueServerCertificate(deps: ServerCertificateDeps): Promise<ServerCertificate> {
  const pair = await deps.keyPairs.exportable('ec-p256');
  const { record, der } = await deps.issueServiceCertificate({
    recipe: recipes.server,
    issuer: await deps.directory.get('system'),
    owner: 'server',
    publicKeyDer: pair.publicKeyDer,
    commonName: deps.names[0] ?? 'localhost',
    names: deps.names,
    ignoreClock: true,
  });
  return {
    keyPem: pair.privateKeyPem,
    certificatePem: encodePem('CERTIFICATE', der),
    notBefore: record.notBefore,
    notAfter: record.notAfter,
  };
}

/** Two thirds of its life have passed: time for the next one. */
export const serverCertificateIsDue = ({ notBefore, notAfter }: ServerCertificate, nowMs: number): boolean =>
  nowMs / 1000 > notBefore + ((notAfter - notBefore) * 2) / 3;
