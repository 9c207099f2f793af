/** One request to the admin face of the service that is measured, as its first admin. */
import { httpRequest } from './load.ts';
import type { MeasuredServer } from './measured-server.ts';
import { openRaw } from './raw-connection.ts';

/** Throws unless it succeeds. */
export async function askAdmin<T>(
  { adminPort: port, ca, admin }: MeasuredServer,
  method: string,
  path: string,
  json?: object,
): Promise<T> {
  const connection = await openRaw({ port, ca, ...admin });
  const body = json === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify(json));
  const headers = json === undefined ? {} : { 'Content-Type': 'application/json' };
  const answer = await connection.exchange(httpRequest(method, path, headers, body));
  connection.close();
  if (answer.status >= 300) throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.body}`);
  return JSON.parse(answer.body.toString()) as T;
}
