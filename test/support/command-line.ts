/** Runs the command line inside the test, with a terminal and a home of the test's own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { type CliDeps, runCli } from '../../src/faces/cli/run.ts';
import { openAuditLog } from '../../src/offline.ts';
import { answersNow } from './certificate-json.ts';
import { keyPemOf, type StubService, stubClientCertificate } from './stub-service.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface CommandLineOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Width of the terminal; output goes to no terminal without one. */
  readonly columns?: number;
  /** What the person types, at a terminal even if the output goes to none. */
  readonly input?: string;
  readonly now?: number;
  /** Instead of refusing to touch a home. */
  readonly deps?: Partial<CliDeps>;
}

export interface CommandLineResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function commandLine(
  argv: readonly string[],
  options: CommandLineOptions = {},
): Promise<CommandLineResult> {
  const written = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const io = {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: Readable.from([options.input ?? '']),
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    isTty: options.columns !== undefined,
    mayAsk: options.columns !== undefined || options.input !== undefined,
    columns: options.columns,
    now: () => options.now ?? answersNow,
    pause: async () => {},
  };
  const refuse = () => Promise.reject(new Error('not part of this test'));
  const deps = {
    version: '0.1.0',
    homeOfSettings: async () => undefined,
    serve: refuse,
    initialize: refuse,
    backUp: refuse,
    restore: refuse,
    changePassphrase: refuse,
    splitVault: refuse,
    ceremony: { root: refuse, sign: refuse, crl: refuse, state: refuse },
    openAuditLog,
    recover: refuse,
    examine: refuse,
    rotateOnce: refuse,
    rotateForever: refuse,
    rotationStatus: refuse,
    ...options.deps,
  };
  const code = await runCli(argv, io, deps);
  return { code, ...written };
}

/** A folder with a home in `data/` whose credentials fit `service`. */
export function homeFor(service: StubService): string {
  const folder = temporaryFolder().path;
  const admin = stubClientCertificate();
  const files = {
    'trust/system.pem': service.caPem,
    'admin/admin.crt': admin.pem,
    'admin/admin.key': keyPemOf(admin),
    'demo/token': 'pst_demo\n',
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, 'data', name, '..'), { recursive: true });
    writeFileSync(join(folder, 'data', name), content);
  }
  return folder;
}

/** Arguments that point both faces at the stub. */
export const at = (service: StubService): string[] => ['--url', service.baseUrl, '--admin-url', service.baseUrl];
