/** An example's page as something to run: what a reader would paste. */
import { join } from 'node:path';
import { projectFolder } from './running-service.ts';

/** The `sh` blocks of a page as one script; `npx` runs the launcher of this checkout. */
export function readmeScript(page: string): string {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands]) => commands);
  const npx = `npx() { shift; '${process.execPath}' '${join(projectFolder, 'bin/privyseal.js')}' "$@"; }`;
  return ['set -eu', npx, ...blocks].join('\n');
}
