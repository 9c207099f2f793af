/** Node's own HTTP server that answers every request with the same bytes: what no service on it can be faster than. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BareServer {
  readonly port: number;
  /** Processor time since it was last asked. */
  measure(): Promise<{ readonly cpuSeconds: number }>;
  stop(): Promise<void>;
}

/** In a process of its own. `answer`: an answer of the service, whose header fields and content it gives. */
export async function startBareServer(answer: { readonly head: string; readonly body: Buffer }): Promise<BareServer> {
  const child = fork(import.meta.filename);
  const told = messageOf<{ port: number }>(child);
  child.send({ fields: fieldsOf(answer.head), content: answer.body.toString() });
  const { port } = await told;
  return {
    port,
    measure() {
      const figures = messageOf<{ cpuSeconds: number }>(child);
      child.send('measure');
      return figures;
    },
    async stop() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

const messageOf = async <Message>(child: ChildProcess): Promise<Message> =>
  ((await once(child, 'message')) as [Message])[0];

/** Names and values in turn, as `writeHead` takes them; Node writes the date and the connection's fields itself. */
const fieldsOf = (head: string): string[] =>
  head
    .split('\r\n')
    .slice(1)
    .filter((line) => line !== '' && !/^(date|connection|keep-alive):/i.test(line))
    .flatMap((line) => /^([^:]+): *(.*)$/.exec(line)!.slice(1));

if (import.meta.main) {
  const [{ fields, content }] = (await once(process, 'message')) as [{ fields: string[]; content: string }];
  const server = createServer((_request, response) => void response.writeHead(200, fields).end(content));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let cpu = process.cpuUsage();
  process.on('message', () => {
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    process.send!({ cpuSeconds: (user + system) / 1e6 });
  });
  process.send!({ port: (server.address() as AddressInfo).port });
}
