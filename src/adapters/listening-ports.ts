/** Looks at the ports of the faces: whether somebody listens there, and whether this program could. */
import { connect, createServer } from 'node:net';
import type { Finding } from '../domain/diagnosis/finding.ts';

export interface FacePort {
  readonly face: string;
  readonly port: number;
}

/** Of a service that runs each port must answer; of one that does not, each must be free. */
export async function examinePorts(host: string, ports: readonly FacePort[], served: boolean): Promise<Finding> {
  const found = await Promise.all(
    ports.map(async (each) => ({
      ...each,
      fault: served ? await deafness(host, each.port) : await occupancy(host, each.port),
    })),
  );
  const wrong = found.filter(({ fault }) => fault !== undefined);
  if (wrong.length === 0) {
    const says = `${found.map(({ face, port }) => `${face} ${port}`).join(', ')} ${served ? 'answer' : 'are free'}`;
    return { check: 'ports', state: 'ok', says };
  }
  const says = wrong.map(({ face, port, fault }) => `${face} ${port} ${fault}`).join(', ');
  if (served) return { check: 'ports', state: 'fail', says, next: comparing };
  // This program has the rights of who looks; the service may have more of its unit.
  const forbidden = wrong.every(({ fault }) => fault === sentences.EACCES);
  return { check: 'ports', state: forbidden ? 'warn' : 'fail', says, next: forbidden ? allowing : freeing };
}

const comparing =
  'The settings of this look are not those of the running service, or a firewall is between: compare both.';
const freeing = 'End the other program, or take other ports (docs/configuration.md).';
const allowing = 'The service needs CAP_NET_BIND_SERVICE for them (docs/installing.md), or takes ports from 1024 on.';

const patienceMs = 2000;

/** By what this machine reaches what listens on `host`. */
export const reachedAt = (host: string): string => (host === '::' || host === '0.0.0.0' ? 'localhost' : host);

function deafness(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: reachedAt(host), timeout: patienceMs });
    const end = (fault?: string): void => {
      socket.destroy();
      resolve(fault);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end('does not answer'));
    socket.once('error', () => end('does not answer'));
  });
}

function occupancy(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(sentences[String(code)] ?? `cannot be had (${code})`),
    );
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
}

const sentences: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program',
  EACCES: 'may not be used by this user',
};
