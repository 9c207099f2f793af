/** strace shows what no kill -9 can: the write-ahead log is on the disk before the first byte of each 201 leaves. */
import { readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { expect } from 'vitest';
import { describeWith, itWith, pathOf } from '../support/judges.ts';
import { startService, temporaryFolder } from '../support/running-service.ts';
import { submit } from '../support/submit.ts';

const requests = 5;

/** What happened, in order: a request's bytes came, the log was synced, an answer's bytes began to leave. */
type Event = 'in' | 'sync' | 'out';

/** What a call is to us, by its first line; `port` is the server's. */
function kindOf(call: string, port: number): Event | undefined {
  if (/^f(?:data)?sync\(\d+<[^>]*privyseal\.db-wal>/.test(call)) return 'sync';
  if (!call.includes('<TCP') || !call.includes(`:${port}->`)) return undefined;
  if (/^(?:read|recv)/.test(call)) return 'in';
  return /^(?:write|send)/.test(call) ? 'out' : undefined;
}

/** A sync has succeeded with 0; a read that brought nothing, or failed, is none. */
const succeeded = (event: Event, call: string): boolean => (event === 'sync' ? / = 0$/ : / = [1-9]\d*$/).test(call);

/**
 * strace writes a call that another thread's interrupts in two lines: a write counts when it begins, a sync or a read when
 * it has ended.
 */
function eventsOf(trace: string, port: number): Event[] {
  const events: Event[] = [];
  const begun = new Map<string, Event>();
  for (const line of trace.split('\n')) {
    const [, thread = '', call = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const resumed = call.startsWith('<...');
    const event = resumed ? begun.get(thread) : kindOf(call, port);
    begun.delete(thread);
    if (!event) continue;
    if (event === 'out') events.push(event);
    else if (call.endsWith('<unfinished ...>')) begun.set(thread, event);
    else if (succeeded(event, call)) events.push(event);
  }
  return events;
}

describeWith('strace', 'under strace', () => {
  itWith('strace', 'both commits of each certificate are synced before its answer begins', async () => {
    const folder = temporaryFolder();
    const trace = join(folder, 'trace');
    const calls = 'trace=fsync,fdatasync,read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg';
    const service = await startService({
      prefix: [pathOf('strace'), '-f', '-yy', '-s', '0', '-e', calls, '-o', trace],
      readyWithinMs: 60_000,
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      // The handshake's last records leave with the first answer of the connection.
      expect(await service.public('/livez', { agent })).toMatchObject({ status: 200 });
      for (let sent = 0; sent < requests; sent++)
        expect(await submit(service, { agent })).toMatchObject({ status: 201 });
    } finally {
      agent.destroy();
      await service.stop();
      await service.dispose();
    }
    const events = eventsOf(readFileSync(trace, 'utf8'), service.ports.public);
    rmSync(folder, { recursive: true, force: true });
    // From each stretch between a request's last byte and the answer's first one: how often the log was synced.
    const syncs: number[] = [];
    let since: number | undefined;
    for (const event of events) {
      if (event === 'in') since = 0;
      else if (event === 'sync' && since !== undefined) since += 1;
      else if (event === 'out' && since !== undefined) {
        syncs.push(since);
        since = undefined;
      }
    }
    // The handshake comes first, the requests last: one intent and one certificate each.
    expect(syncs.length).toBeGreaterThanOrEqual(requests);
    expect(Math.min(...syncs.slice(-requests))).toBeGreaterThanOrEqual(2);
  });
});
