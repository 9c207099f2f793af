/** The module of test/fixtures/pkcs11/faulty-module.c over SoftHSM2: the faults of real HSMs, while a file says so. */
import { hash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Pkcs11VaultOptions } from '#src/adapters/vault-pkcs11/vault-pkcs11.ts';
import type { Vault } from '#src/ports/vault.ts';
import { run } from '../../support/judges.ts';
import { type SoftwareToken, softwareModule } from '../../support/software-token.ts';

const root = resolve(import.meta.dirname, '../../..');

export interface FaultyToken {
  open(options?: Partial<Pkcs11VaultOptions>): Promise<Vault>;
  /** Rules as the module's source describes them, from now on; none without arguments. */
  rules(...lines: readonly string[]): void;
  /** How often C_Login was called, by any process. */
  logins(): number;
}

/** Compiled once for each version of its source; two that compile it at once make the same. */
async function compile(): Promise<string> {
  const source = join(root, 'test/fixtures/pkcs11/faulty-module.c');
  const version = hash('sha256', readFileSync(source)).slice(0, 16);
  const modulePath = join(tmpdir(), `privyseal-test-faulty-module-${version}.so`);
  if (existsSync(modulePath)) return modulePath;
  const headers = join(root, 'node_modules/pkcs11js/includes/pkcs11');
  const fresh = `${modulePath}.${randomBytes(8).toString('hex')}`;
  const { code, stderr } = await run('gcc', ['-shared', '-fPIC', '-I', headers, '-o', fresh, source, '-ldl']);
  if (code !== 0) throw new Error(`gcc: ${stderr}`);
  renameSync(fresh, modulePath);
  return modulePath;
}

export async function faultyToken(token: SoftwareToken): Promise<FaultyToken> {
  const modulePath = await compile();
  const [rules, log] = [join(token.folder, 'rules'), join(token.folder, 'log')];
  const env = { FAULTY_REAL: softwareModule, FAULTY_RULES: rules, FAULTY_LOG: log };
  return {
    open: (options = {}) =>
      token.open({
        token: { modulePath, label: token.label, sessions: 4, readWriteSessions: false },
        env: { ...token.env, ...env },
        ...options,
      }),
    rules: (...lines) => {
      rmSync(rules, { force: true });
      if (lines.length > 0) writeFileSync(rules, `${lines.join('\n')}\n`);
    },
    logins: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').length : 0),
  };
}
