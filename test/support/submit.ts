/** One certificate request with the demo token, and what came of it: for tests of faults and of load. */
import type { ExchangeOptions } from './http-exchange.ts';
import { makeKeyRequest } from './key-request.ts';
import type { RunningService } from './running-service.ts';

export interface Submitted {
  readonly status: number;
  /** Last part of the problem's type; undefined for a certificate. */
  readonly problem: string | undefined;
  /** Undefined unless a certificate came. */
  readonly serial: string | undefined;
  readonly certificate: string | undefined;
  readonly retryAfter: string | undefined;
}

/** Sends a fresh CSR for the demo name as DER, unless one is given. */
export async function submit(
  service: RunningService,
  options: ExchangeOptions = {},
  csrDer = makeKeyRequest().csrDer,
): Promise<Submitted> {
  const answer = await service.public('/v1/certificates', {
    method: 'POST',
    body: csrDer,
    ...options,
    headers: { 'content-type': 'application/pkcs10', ...options.headers },
  });
  const body = JSON.parse(answer.body.toString()) as { type?: string; serial?: string; certificate?: string };
  return {
    status: answer.status,
    problem: body.type?.split('/').at(-1),
    serial: body.serial,
    certificate: body.certificate,
    retryAfter: answer.headers['retry-after'],
  };
}

/** Every certificate of products that the admin face lists, as serial and status. */
export async function productCertificates(service: RunningService): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const next: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await service.admin(`/v1/certificates?purpose=product&limit=1000${next}`);
    if (answer.status !== 200) throw new Error(`the inventory answered ${answer.status}: ${answer.body}`);
    const page = JSON.parse(answer.body.toString()) as {
      items: { serial: string; status: string }[];
      nextCursor: string | null;
    };
    for (const { serial, status } of page.items) rows.set(serial, status);
    cursor = page.nextCursor;
  }
  return rows;
}
