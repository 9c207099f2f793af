/** A root and its issuing authority rotate to their ends while clients call nginx: each request a full mutual handshake, none fails. */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, pathOf } from '../../support/judges.ts';
import { openScene, type Scene } from '../../support/scene.ts';
import { serialOf, untilServed } from '../../support/served-certificate.ts';

/** A client that connects anew for every request, with what is in its folder at that time. */
function startClient(port: number, folder: string) {
  const state = { isStopped: false, served: 0, failures: [] as string[] };
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const once = (): Promise<string> =>
    new Promise((done) => {
      const tls = { cert: read('fullchain.pem'), key: read('key.pem'), ca: read('trust.pem') };
      const options = { port, host: '127.0.0.1', servername: 'demo.dev.internal', agent: false as const, ...tls };
      const headers = { host: `demo.dev.internal:${port}` };
      const sent = request({ ...options, headers, path: '/', timeout: 60_000 }, (answer) => {
        answer.resume().on('end', () => done(String(answer.statusCode)));
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', (error) => done(error.message));
      sent.end();
    });
  const running = (async () => {
    while (!state.isStopped) {
      const outcome = await once();
      if (outcome === '200') state.served += 1;
      else state.failures.push(outcome);
      await pause(20);
    }
  })();
  return {
    state,
    async stop() {
      state.isStopped = true;
      await running;
    },
  };
}

describeWith(
  ['nginx', 'curl', 'openssl'],
  'nginx and its clients, while their root and issuing authority rotate,',
  () => {
    let scene: Scene;
    let port: number;

    beforeAll(async () => {
      scene = await openScene({ example: 'nginx', ports: [8444, 8445] });
      port = scene.port(8444);
      await obtain('tls', 'server');
      await obtain('old-client', 'client');
      await obtain('client', 'client');
      await scene.must(scene.path('update-crls'));
      scene.start(pathOf('nginx'), ['-p', scene.path('.'), '-c', 'nginx.conf', '-g', 'daemon off;']);
      await untilServed(port, await serialOf(scene.path('tls/cert.pem')));
    }, 180_000);
    afterAll(() => scene?.dispose());

    const obtain = (folder: string, profile: string): Promise<string> =>
      scene.privyseal('request', 'demo.dev.internal', '--profile', profile, '--out', scene.path(folder));

    /** New key and certificate, put in place at once, as an agent would. */
    async function renew(folder: string, profile: string): Promise<void> {
      await obtain(`${folder}-new`, profile);
      renameSync(scene.path(folder), scene.path(`${folder}-${Date.now()}`));
      renameSync(scene.path(`${folder}-new`), scene.path(folder));
    }

    const reload = (): Promise<string> =>
      scene.must('nginx', ['-p', scene.path('.'), '-c', 'nginx.conf', '-s', 'reload']);
    const lists = (authorities: string): Promise<string> =>
      scene.must(scene.path('update-crls'), [], { env: { AUTHORITIES: authorities } });
    const rotate = (...args: string[]): Promise<string> => scene.privyseal('authority', 'rotate', ...args);
    /** The roots of now, for nginx and for the client that keeps up. */
    async function trustRootsOfNow(): Promise<void> {
      const roots = await scene.service.distribution('/v1/trust-bundles/dev.pem');
      for (const folder of ['tls', 'client']) {
        writeFileSync(scene.path(`${folder}/trust.pem.new`), roots.body);
        renameSync(scene.path(`${folder}/trust.pem.new`), scene.path(`${folder}/trust.pem`));
      }
      await reload();
    }
    const why = 'nobody reports what this nginx trusts; it was looked at';

    it('fail in no handshake, whichever roots they know', async ({ annotate }) => {
      copyFileSync(scene.path('client/trust.pem'), scene.path('old-roots.pem'));
      // One keeps up with everything; the other has its first certificate and knows the first root only, until the very end.
      const clients = [startClient(port, scene.path('client')), startClient(port, scene.path('old-client'))];
      const [current, old] = clients;

      await rotate('start', 'dev-root', '--yes');
      await trustRootsOfNow();
      await rotate('advance', 'dev-root', '--yes', '--force', why);
      await untilPublished('dev-root.2');
      await rotate('advance', 'dev-root', '--yes');
      await rotate('start', 'dev-issuing', '--yes');
      await rotate('advance', 'dev-issuing', '--yes');
      await untilPublished('dev-issuing.2');
      await lists('dev-root dev-issuing dev-root.2 dev-issuing.2');
      await rotate('advance', 'dev-issuing', '--yes');

      // Server and client are issued by the new generation now; the old client believes them over the cross.
      await renew('client', 'client');
      await renew('tls', 'server');
      await trustRootsOfNow();
      await untilServed(port, await serialOf(scene.path('tls/cert.pem')));
      expect(readFileSync(scene.path('tls/fullchain.pem'), 'utf8').match(/BEGIN/g)).toHaveLength(3);
      const served = old!.state.served;
      await expect.poll(() => old!.state.served, { timeout: 60_000 }).toBeGreaterThan(served + 3);

      for (const name of ['dev-issuing', 'dev-root']) {
        await rotate('advance', name, '--yes');
        if (name === 'dev-issuing') await old!.stop();
        await rotate('advance', name, '--yes', '--force', 'what is left belongs to certificates that were thrown away');
      }
      await renew('tls', 'server');
      await renew('client', 'client');
      await trustRootsOfNow();
      await untilServed(port, await serialOf(scene.path('tls/cert.pem')));
      const then = current!.state.served;
      await expect.poll(() => current!.state.served, { timeout: 60_000 }).toBeGreaterThan(then + 3);
      await current!.stop();

      expect(clients.map(({ state }) => state.failures)).toEqual([[], []]);
      await annotate(`${clients.map(({ state }) => state.served).join(' and ')} handshakes, none failed`);
      expect(readFileSync(scene.path('tls/fullchain.pem'), 'utf8').match(/BEGIN/g)).toHaveLength(2);
      expect(await rotate('status', 'dev-root')).toContain('retired');
    }, 400_000);

    const untilPublished = (id: string): Promise<void> =>
      expect
        .poll(async () => (await scene.service.distribution(`/crl/${id}.crl`)).status, {
          timeout: 60_000,
          interval: 200,
        })
        .toBe(200);
  },
);
