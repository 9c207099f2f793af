/** Opens a face on a free port of localhost for tests that need real sockets, and closes it with the test. */
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Face } from '../../src/faces/http/face-deps.ts';

export interface OpenFace {
  readonly face: Face;
  readonly port: number;
  /** `https://localhost:PORT` or `http://localhost:PORT`. */
  readonly url: string;
}

export async function openFace(face: Face): Promise<OpenFace> {
  await face.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => face.close().then(() => undefined));
  const { port } = face.server.address() as AddressInfo;
  const scheme = 'setSecureContext' in face.server ? 'https' : 'http';
  return { face, port, url: `${scheme}://localhost:${port}` };
}
