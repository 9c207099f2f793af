/** Which connections end: who gives way to others that come at once, whose credential is gone, and at a stop. */
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createConnectionRegistry, tokenCredential } from '../../../../src/faces/http/arrival/connection-registry.ts';

/** Sockets that come in one turn of the event loop: what is destroyed in it is not yet closed. */
function comeAtOnce(count: number, connections = createConnectionRegistry(16)): readonly Socket[] {
  const server = createServer();
  connections.watch(server, 'optional');
  return Array.from({ length: count }, () => {
    const socket = new Socket();
    server.emit('connection', socket);
    return socket;
  });
}

const gaveWay = (sockets: readonly Socket[]): number[] =>
  sockets.flatMap(({ destroyed }, index) => (destroyed ? [index] : []));

it('nobody gives way while a sixteenth is free', () => {
  expect(gaveWay(comeAtOnce(15))).toEqual([]);
});

it('each that comes then takes the place of one of its own, the one that has waited longest', () => {
  expect(gaveWay(comeAtOnce(18))).toEqual([0, 1, 2]);
});

it('whoever comes during a stop is sent away', () => {
  const connections = createConnectionRegistry(16);
  connections.drain({ drainMs: 1, drainBodiesMs: 1 });
  expect(gaveWay(comeAtOnce(2, connections))).toEqual([0, 1]);
});

it('a connection ends with the credential that it acts for now, not with one that it acted for before', () => {
  const connections = createConnectionRegistry(16);
  const [changed, other] = comeAtOnce(2, connections);
  connections.identify(changed!, tokenCredential('t1'));
  connections.identify(other!, tokenCredential('t1'));
  connections.identify(changed!, tokenCredential('t2'));
  connections.destroyOf(tokenCredential('t1'));
  expect([changed!.destroyed, other!.destroyed]).toEqual([false, true]);
  connections.destroyOf(tokenCredential('t2'));
  expect(changed!.destroyed).toBe(true);
});
