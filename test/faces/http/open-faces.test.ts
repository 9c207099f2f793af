/** Where the faces may listen, judged before anything is made. */
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { refuseTakenPorts, settlePorts } from '../../../src/faces/http/open-faces.ts';

const anyPorts = { public: 0, admin: 0, distribution: 0 };

it('finds free ports in place of 0, each face its own, and leaves the others', async () => {
  const { ports, release } = await settlePorts({ host: '127.0.0.1', ports: { ...anyPorts, admin: 4711 } });
  await release();
  expect([ports.public > 0, ports.admin, ports.distribution > 0]).toEqual([true, 4711, true]);
  expect(ports.public).not.toBe(ports.distribution);
});

it('holds what it found, so that no other program is given it meanwhile', async () => {
  const { ports, release } = await settlePorts({ host: '127.0.0.1', ports: anyPorts });
  for (const name of ['distribution', 'public', 'admin'] as const) {
    const taking = refuseTakenPorts({ host: '127.0.0.1', ports: { ...anyPorts, [name]: ports[name] } });
    await expect(taking).rejects.toMatchObject({ code: 'portInUse', message: expect.stringContaining(name) });
  }
  await release();
});

it('says that an address of another machine cannot be listened on', async () => {
  const host = '192.0.2.1';
  const told = { code: 'badConfiguration', message: expect.stringContaining(host) };
  await expect(settlePorts({ host, ports: anyPorts })).rejects.toMatchObject(told);
  await expect(refuseTakenPorts({ host, ports: anyPorts })).rejects.toMatchObject(told);
});

it('says whose port is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  try {
    await expect(refuseTakenPorts({ host: '127.0.0.1', ports: { ...anyPorts, admin: port } })).rejects.toMatchObject({
      code: 'portInUse',
      message: expect.stringContaining('admin'),
    });
  } finally {
    other.close();
  }
});
