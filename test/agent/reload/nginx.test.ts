import { expect } from 'vitest';
import { prove } from '#src/agent/proof/prove.ts';
import { ReloadError, runReload } from '#src/agent/reload/run-reload.ts';
import { keyPem, serverOf, system } from '../../support/face-tls.ts';
import { describeWith, itWith } from '../../support/judges.ts';
import { type SmallNginx, smallNginx } from '../../support/small-nginx.ts';
import type { TestCertificate } from '../../support/test-hierarchy.ts';

const context = { files: '/files', signal: new AbortController().signal };

function put(nginx: SmallNginx, certificate: TestCertificate, key = certificate): void {
  nginx.write('tls.crt', certificate.pem);
  nginx.write('tls.key', keyPem(key));
}

async function started(...directives: string[]): Promise<{ nginx: SmallNginx; first: TestCertificate }> {
  const nginx = await smallNginx(...directives);
  const first = serverOf(system);
  put(nginx, first);
  await nginx.start();
  return { nginx, first };
}

const reload = ({ configFile, pidFile, errorLog }: SmallNginx, more: object = {}) =>
  runReload({ action: 'nginx', configFile, pidFile, errorLog, timeoutSeconds: 60, ...more }, context);

const shows = async ({ port }: SmallNginx, { serial }: TestCertificate): Promise<boolean> => {
  const proof = { host: '127.0.0.1', port, serverName: 'localhost', withinSeconds: 10 };
  const outcome = await prove(proof, { serial, trustPem: system.pem, signal: context.signal });
  return outcome.kind === 'proved';
};

const refusalOf = async (attempt: Promise<unknown>): Promise<ReloadError> => {
  const error = await attempt.catch((refused: unknown) => refused);
  expect(error).toBeInstanceOf(ReloadError);
  return error as ReloadError;
};

describeWith('nginx', 'reload action nginx', () => {
  itWith(
    'nginx',
    'tests the configuration, reloads, and answers when new workers are there',
    async () => {
      const { nginx, first } = await started();
      expect(await shows(nginx, first)).toBe(true);
      const second = serverOf(system);
      put(nginx, second);
      const { detail } = await reload(nginx);
      expect(detail).toContain('new worker');
      expect(await shows(nginx, second)).toBe(true);
    },
    60_000,
  );

  itWith(
    'nginx',
    'does not signal an nginx whose test fails: a key of another certificate, a broken directive',
    async () => {
      const { nginx, first } = await started();
      put(nginx, serverOf(system), first);
      const mismatch = await refusalOf(reload(nginx));
      expect(mismatch.output).toContain('key values mismatch');
      put(nginx, serverOf(system));
      nginx.configure('no_such_directive on;');
      expect((await refusalOf(reload(nginx))).output).toContain('no_such_directive');
      expect(await shows(nginx, first)).toBe(true);
    },
    60_000,
  );

  itWith(
    'nginx',
    'reports what the error log says when the test passes and the master refuses all the same',
    async () => {
      const { nginx, first } = await started();
      // Another configuration passes the test; the master reads its own.
      const other = nginx.write('other.conf', 'events {}\n');
      nginx.configure('no_such_directive on;');
      put(nginx, serverOf(system));
      const refusal = await refusalOf(reload(nginx, { configFile: other }));
      expect(refusal.output).toContain('no_such_directive');
      expect(await shows(nginx, first)).toBe(true);
    },
    60_000,
  );

  itWith(
    'nginx',
    'is refused when no worker follows and there is no log to ask',
    async () => {
      const { nginx } = await started();
      const other = nginx.write('other.conf', 'events {}\n');
      nginx.configure('no_such_directive on;');
      await refusalOf(reload(nginx, { configFile: other, errorLog: undefined, timeoutSeconds: 2 }));
    },
    60_000,
  );

  itWith(
    'nginx',
    'is refused where no nginx runs, or none is installed',
    async () => {
      const nginx = await smallNginx();
      put(nginx, serverOf(system));
      expect((await refusalOf(reload(nginx))).message).toContain('is not there');
      await nginx.start();
      expect((await refusalOf(reload(nginx, { program: '/no/such/nginx' }))).message).toContain('/no/such/nginx');
    },
    60_000,
  );
});
