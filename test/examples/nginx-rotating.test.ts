/** The page of the nginx that rotates itself is typed in as it stands, against a running service; the README's commands are its own. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readmeScript } from '../support/example-page.ts';
import { freePort } from '../support/free-port.ts';
import { describeWith, itWith, pathOf, run } from '../support/judges.ts';
import { projectFolder, type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const page = readFileSync(join(projectFolder, 'examples/nginx-rotating/README.md'), 'utf8');
const commands = readmeScript(page)
  .split('\n')
  .slice(2)
  .filter((line) => line !== '');

describeWith(['nginx', 'curl'], 'the nginx that rotates itself', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service?.dispose());

  /** A copy of the example with the home beside it and ports that are free. */
  async function checkout(): Promise<{ cwd: string; page: string }> {
    const { path: cwd } = temporaryFolder();
    cpSync(join(projectFolder, 'examples'), join(cwd, 'examples'), { recursive: true });
    symlinkSync(service.home, join(cwd, 'data'));
    for (const name of ['bin', 'node_modules']) symlinkSync(join(projectFolder, name), join(cwd, name));
    const ports = { 8444: await freePort(), 8443: service.ports.public, 8080: service.ports.distribution };
    const moved = (text: string): string =>
      Object.entries(ports)
        .reduce((known, [from, to]) => known.replaceAll(from, `<${to}>`), text)
        .replace(/<(\d+)>/g, '$1');
    for (const name of ['nginx.conf', 'agent.yaml']) {
      const file = join(cwd, 'examples/nginx-rotating', name);
      writeFileSync(file, moved(readFileSync(file, 'utf8')));
    }
    return { cwd, page: moved(page) };
  }

  itWith(
    ['nginx', 'curl'],
    'enrols, serves, and is proven to serve another certificate after its rotation',
    async () => {
      const { cwd, page } = await checkout();
      const folder = join(cwd, 'examples/nginx-rotating');
      try {
        const env = { PATH: `${process.env.PATH}:/usr/sbin` };
        // Ends only when the daemon does, which holds stderr: the page's `kill` has to reach it.
        const { code, stdout, stderr } = await run('/bin/sh', ['-c', readmeScript(page)], { cwd, env });
        expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
        const said = stdout.toString();
        expect(said).toMatch(/^enrolled {3}nginx: .*not taken it yet/m);
        expect(said).toMatch(/^rotated {4}nginx: /m);
        expect(said).toMatch(/^nginx {3}[0-9a-f]{40} {2}in .* proved /m);
        expect(said).toMatch(/^hello over TLSv1\.3$/m);
      } finally {
        // After a failure in the middle; when all went well it has stopped already.
        await run(pathOf('nginx'), ['-p', folder, '-c', 'nginx.conf', '-s', 'stop']);
      }
    },
  );
});

it('the README shows the page’s six commands, and no others', () => {
  const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8');
  const [, section = ''] = /^## An nginx that rotates itself$(.*?)^## /ms.exec(readme) ?? [];
  const shown = Array.from(section.matchAll(/^\$ (.*)$/gm), ([, command]) => command);
  const stopping = commands.findIndex((command) => command.startsWith('kill'));
  expect(shown).toEqual(commands.slice(0, stopping));
  expect(shown).toHaveLength(6);
});
