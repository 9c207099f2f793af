/** An example's page as something to run: what a reader would paste, and ports that are free. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { projectFolder } from './running-service.ts';

/** The `sh` blocks of a page as one script; `npx` runs the launcher of this checkout. */
export function readmeScript(page: string): string {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands]) => commands);
  const npx = `npx() { shift; '${process.execPath}' '${join(projectFolder, 'bin/privyseal.js')}' "$@"; }`;
  return ['set -eu', npx, ...blocks].join('\n');
}

export const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
