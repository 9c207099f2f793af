/** The verb `handshake` as tests call it: with files of their own, and its JSON read back. */

import { createServer as createPlainServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { commandLine } from './command-line.ts';
import { keyPem, system } from './face-tls.ts';
import { temporaryFolder } from './temporary-folder.ts';
import type { TestCertificate } from './test-hierarchy.ts';

export interface SeenHandshake {
  readonly protocol: string | null;
  readonly group: string | null;
  readonly offered: { readonly versions: readonly string[]; readonly groups: readonly string[] };
  readonly serverTrusted: boolean;
  readonly certificateRequested: boolean;
  readonly refusal: string | null;
  readonly distrust: string | null;
  readonly resumption: string | null;
  readonly revocation: readonly { readonly side: string; readonly state: string; readonly by: string }[];
  readonly httpStatus: number | null;
  readonly serverChain: readonly { readonly subject: string; readonly key: string; readonly issuedBy: string }[];
  readonly clientChain: readonly { readonly subject: string; readonly serial: string; readonly issuedBy: string }[];
  readonly troubles: readonly {
    readonly code: string;
    readonly step: string;
    readonly why: string;
    readonly next: string;
  }[];
  readonly messages: readonly {
    readonly from: string;
    readonly name: string;
    readonly certificates?: readonly string[];
    readonly authorities?: readonly string[];
    readonly alert?: string;
  }[];
}

export interface Shown {
  /** The client certificate; none if absent. */
  readonly shown?: TestCertificate;
  /** What is trusted; `system` if absent. */
  readonly trust?: TestCertificate;
}

/** Without `--json`: what is printed. */
export function runHandshake(target: string, { shown, trust = system }: Shown, ...args: string[]) {
  const { path, write } = temporaryFolder();
  const own = shown ? ['--cert', write('c.pem', shown.pem), '--key', write('k.pem', keyPem(shown))] : [];
  return commandLine(['handshake', target, '--ca', write('ca.pem', trust.pem), ...own, ...args], { cwd: path });
}

export async function seeHandshake(target: string, shown: Shown = {}, ...args: string[]) {
  const { code, stdout } = await runHandshake(target, shown, ...args, '--json');
  const seen = JSON.parse(stdout) as SeenHandshake;
  return { code, seen, troubles: seen.troubles.map((trouble) => trouble.code) };
}

/** A port of loopback that speaks no TLS but what `talk` says. */
export async function plainPort(talk: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createPlainServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    talk(socket);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}
