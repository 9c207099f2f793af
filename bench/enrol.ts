/** Certificates of dev/demo for simulated programs, issued by the service that is measured. */
import { X509Certificate } from 'node:crypto';
import { httpRequest } from './load.ts';
import type { MeasuredServer } from './measured-server.ts';
import { inLanes, openRaw } from './raw-connection.ts';
import type { BenchRequest } from './signed-requests.ts';

export interface Enrolled {
  readonly serial: string;
  /** PEM of the certificate and its key. */
  readonly cert: string;
  readonly key: string;
}

export interface Enrolment {
  readonly enrolled: readonly Enrolled[];
  readonly perSecond: number;
}

/** One certificate for each request, by token over kept-alive connections. Throws when one is refused. */
export async function enrol(
  { publicPort: port, ca, token }: MeasuredServer,
  requests: readonly BenchRequest[],
  lanes: number,
): Promise<Enrolment> {
  const headers = {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/pkcs10',
    Accept: 'application/pkix-cert',
  };
  const connections = await Promise.all(Array.from({ length: lanes }, () => openRaw({ port, ca })));
  const ders: { readonly der: Buffer; readonly key: string }[] = [];
  const seconds = await inLanes(requests, lanes, async ({ csrDer, keyPem }, lane) => {
    const bytes = httpRequest('POST', '/v1/certificates', headers, csrDer);
    const { status, body } = await connections[lane]!.exchange(bytes);
    if (status !== 201) throw new Error(`an enrolment was answered ${status}: ${body}`);
    ders.push({ der: Buffer.from(body), key: keyPem });
  });
  for (const connection of connections) connection.close();
  const enrolled = ders.map(({ der, key }) => {
    const certificate = new X509Certificate(der);
    return { serial: certificate.serialNumber.toLowerCase().padStart(40, '0'), cert: certificate.toString(), key };
  });
  return { enrolled, perSecond: requests.length / seconds };
}
