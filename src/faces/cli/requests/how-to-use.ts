/** What `request` prints after its files: commands and configuration lines that use them as they lie. */
import { join } from 'node:path';
import type { CertificateJson } from '../../../api/certificate.ts';
import { quoted } from '../terminal/quoted.ts';

export function howToUse(
  folder: string,
  { names }: Pick<CertificateJson, 'names'>,
  written: readonly string[],
): string[] {
  const file = (name: string): string => quoted(join(folder, name));
  const untrusted = written.includes('chain.pem') ? ` -untrusted ${file('chain.pem')}` : '';
  const host = names.find((name) => /^[a-z0-9.-]+$/.test(name)) ?? 'HOST';
  return [
    'Check it',
    `  openssl verify -CAfile ${file('trust.pem')}${untrusted} ${file('cert.pem')}`,
    'Call a service with it',
    `  curl --cacert ${file('trust.pem')} --cert ${file('fullchain.pem')} --key ${file('key.pem')} https://${host}/`,
    'Serve it with nginx',
    `  ssl_certificate     ${file('fullchain.pem')};`,
    `  ssl_certificate_key ${file('key.pem')};`,
  ];
}
