/** SIGTERM under load: what was accepted is answered, what is in the inventory was answered, and the exit is clean and quick. */
import { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeKeyRequest } from '../support/key-request.ts';
import { startService, temporaryFolder } from '../support/running-service.ts';
import { productCertificates, submit } from '../support/submit.ts';

const connections = 16;
const stopsWithinMs = 10_000;

describe('SIGTERM', () => {
  it('answers every accepted request, refuses the rest and exits 0 within 10 s', async () => {
    const folder = temporaryFolder();
    const service = await startService({ home: `${folder}/data` });
    const csrs = Array.from({ length: connections }, () => makeKeyRequest().csrDer);
    const answered: string[] = [];
    const statuses = new Set<number>();
    let stopping = false;

    const load = csrs.map(async (csrDer) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!stopping) {
        try {
          const { status, serial } = await submit(service, { agent }, csrDer);
          statuses.add(status);
          if (serial !== undefined) answered.push(serial);
        } catch {
          // A request that met a closing connection was not accepted; the inventory below proves that nothing came of it.
          break;
        }
      }
      agent.destroy();
    });
    await expect.poll(() => answered.length, { timeout: 10_000 }).toBeGreaterThan(connections * 3);
    const exit = await service.stop();
    stopping = true;
    await Promise.all(load);
    expect(exit.code).toBe(0);
    expect(exit.ms).toBeLessThan(stopsWithinMs);
    expect([...statuses].filter((status) => status !== 201 && status !== 503)).toEqual([]);

    const next = await startService({ home: service.home, ports: service.ports });
    const recorded = await productCertificates(next);
    await next.dispose();
    // Intents that the stop left would show as revoked; certificates without an answer as valid.
    expect([...recorded.keys()].sort()).toEqual(answered.sort());
    expect(new Set(recorded.values())).toEqual(new Set(['valid']));
  });

  it('closes idle keep-alive connections and slow requests, and still exits within 10 s', async () => {
    const service = await startService();
    const agent = new Agent({ keepAlive: true });
    const { status } = await service.public('/livez', { agent });
    const { body } = await service.distribution('/livez');
    expect([status, JSON.parse(body.toString())]).toEqual([200, { status: 'alive' }]);
    // Announces a body and never sends it.
    const slow = service
      .public('/v1/certificates', {
        method: 'POST',
        headers: { 'content-length': '100', 'content-type': 'application/pkcs10' },
      })
      .catch(() => 'cut');
    await pause(100);
    const exit = await service.stop();
    expect([exit.code, exit.ms < stopsWithinMs]).toEqual([0, true]);
    await slow;
    agent.destroy();
    await service.dispose();
  });
});
