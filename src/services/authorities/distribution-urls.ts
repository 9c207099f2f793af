/** Where the distribution face serves what certificates point to, below its base URL. */
import type { DistributionUrls } from '../services.ts';

export function distributionUrls(base: string): DistributionUrls {
  const root = base.replace(/\/$/, '');
  return {
    crl: (authority) => `${root}/crl/${authority}.crl`,
    ocsp: (authority) => `${root}/ocsp/${authority}`,
    aia: (authority) => `${root}/aia/${authority}.cer`,
    trustBundle: (environment) => `${root}/v1/trust-bundles/${environment}.pem`,
  };
}
