/** What a face under test is given: a frozen clock, small limits on demand, and a log that the test can read. */
import { type Logger, pino } from 'pino';
import { defaultFaceLimits, type FaceDeps, type FaceLimits, type TlsMaterial } from '../../src/faces/http/face-deps.ts';
import type { DistributionUrls, Services } from '../../src/services/services.ts';
import { testNow } from './test-hierarchy.ts';

export const testUrls: DistributionUrls = {
  crl: (authority) => `http://ca.test/crl/${authority}.crl`,
  ocsp: (authority) => `http://ca.test/ocsp/${authority}`,
  aia: (authority) => `http://ca.test/aia/${authority}.cer`,
  trustBundle: (environment) => `http://ca.test/v1/trust-bundles/${environment}.pem`,
};

export interface FaceTestDeps extends FaceDeps {
  readonly version: string;
  /** Every line that was logged, as text. */
  readonly logLines: string[];
}

export function makeFaceDeps(
  services: Services,
  { limits, tls }: { limits?: Partial<FaceLimits>; tls?: TlsMaterial } = {},
): FaceTestDeps {
  const logLines: string[] = [];
  const logger: Logger = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  return {
    services,
    urls: testUrls,
    logger,
    limits: { ...defaultFaceLimits, ...limits },
    now: () => testNow * 1000,
    requestLog: true,
    version: '1.2.3',
    logLines,
    ...(tls && { tls }),
  };
}
