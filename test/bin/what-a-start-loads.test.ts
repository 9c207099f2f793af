/** An idle service is small because a start loads nothing that only operators, the command line or a browser ask for. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { projectFolder, startService } from '../support/running-service.ts';
import { suiteFolder } from '../support/suite-folder.ts';

const inFolder = suiteFolder();
const recorder = resolve(import.meta.dirname, '../support/record-loads.cjs');

it('a start loads neither operators’ services, the command line, the API’s pages nor Node’s fetch', async () => {
  const loads = inFolder('loads');
  const program = ['--require', recorder, join(projectFolder, 'bin/privyseal.js'), 'serve'];
  const service = await startService({ program, env: { LOADS: loads } });
  try {
    await service.stop();
    const loaded = readFileSync(loads, 'utf8').split('\n');
    const holds = (part: string): boolean => loaded.some((name) => name.includes(part));
    // What it must have loaded, so that the rest of this test cannot be empty.
    expect(
      ['/src/main.ts', '/node_modules/fastify/', '/src/services/issuing/submit-request.ts'].filter(
        (part) => !holds(part),
      ),
    ).toEqual([]);
    const unwanted = [
      '/src/services/administration.ts',
      '/src/services/registry/manage-products.ts',
      '/src/services/authorities/authority-acts.ts',
      '/src/services/authorities/rotate-authority.ts',
      '/src/services/operators/recover-operator.ts',
      '/src/faces/cli/program.ts',
      '/src/agent/',
      '/src/adapters/vault-openbao/',
      '/src/adapters/vault-pkcs11/',
      '/node_modules/commander/',
      '/node_modules/@fastify/swagger',
      '/node_modules/ajv/',
      '/node_modules/typebox/',
      '/node_modules/yaml/',
      '/node_modules/undici/',
      'internal/deps/undici',
    ];
    expect(unwanted.filter(holds)).toEqual([]);
  } finally {
    await service.dispose();
  }
});
