/** What `request` prints after its files: commands and configuration lines that use them as they lie, for what they are good for. */
import { join } from 'node:path';
import type { CertificateJson } from '../../../api/certificate.ts';
import { oids } from '../../../domain/x509/oids.ts';
import { openCertificate } from '../../../domain/x509/open-certificate.ts';
import { quoted } from '../terminal/quoted.ts';

export function howToUse(
  folder: string,
  { names, certificate }: Pick<CertificateJson, 'names' | 'certificate'>,
  written: readonly string[],
): string[] {
  const file = (name: string): string => quoted(join(folder, name));
  const untrusted = written.includes('chain.pem') ? ` -untrusted ${file('chain.pem')}` : '';
  const host = names.find((name) => /^[a-z0-9.-]+$/.test(name)) ?? 'HOST';
  // Node calls the extended usages `keyUsage`.
  const usages = openCertificate(certificate).keyUsage;
  const call = [
    'Call a service with it',
    `  curl --cacert ${file('trust.pem')} --cert ${file('fullchain.pem')} --key ${file('key.pem')} https://${host}/`,
  ];
  const serve = [
    'Serve it with nginx',
    `  ssl_certificate     ${file('fullchain.pem')};`,
    `  ssl_certificate_key ${file('key.pem')};`,
  ];
  return [
    'Check it',
    `  openssl verify -CAfile ${file('trust.pem')}${untrusted} ${file('cert.pem')}`,
    ...(usages?.includes(oids.clientAuth) ? call : []),
    ...(usages?.includes(oids.serverAuth) ? serve : []),
  ];
}
