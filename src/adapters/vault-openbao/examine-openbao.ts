/** Tries a vault in OpenBao as the service would: address, TLS, login, named keys, and what else its token may do. */
import type { Finding } from '../../domain/diagnosis/finding.ts';
import { StartError } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import { openSession } from './bao-session.ts';
import { BaoError, troubles } from './bao-trouble.ts';
import { TransitEngine } from './transit-engine.ts';
import { type OpenBaoOptions, versionsOf } from './vault-openbao.ts';
import { findWidePowers } from './wide-policy.ts';

const check = 'vault';
const keyLimitMs = 3000;

/** Signs nothing and changes nothing. */
export async function examineOpenBao(options: OpenBaoOptions): Promise<Finding[]> {
  const { name, mount } = options;
  try {
    const session = await openSession(options, silent);
    try {
      const versions = versionsOf(options.keys);
      const engine = new TransitEngine(session, mount, versions);
      await engine.health(keyLimitMs);
      const unfit: Finding[] = [];
      for (const key of versions.keys()) {
        await engine
          .readKey(key, keyLimitMs)
          .catch((error: unknown) => unfit.push(failed(`${name}, key ${key}`, error)));
      }
      return [findingOf(name, await findWidePowers(session, mount, [...versions.keys()])), ...unfit];
    } finally {
      await session.close();
    }
  } catch (error) {
    return [failed(name, error)];
  }
}

function findingOf(name: string, powers: readonly string[]): Finding {
  const says = `${name}: answers, and takes the credentials of the service`;
  if (powers.length === 0) return { check, state: 'ok', says };
  const next = 'Give its token a policy like those of examples/vault/ (docs/keys.md).';
  return { check, state: 'warn', says: `${says}, which may do more than sign: ${powers.join(', ')}`, next };
}

function failed(what: string, error: unknown): Finding {
  if (error instanceof StartError) return { check, state: 'fail', says: `${what}: ${error.code}`, next: error.message };
  if (!(error instanceof BaoError)) throw error;
  const next = 'docs/keys.md says what each vault needs; the log of the server says why it refuses.';
  return { check, state: 'fail', says: `${what}: ${troubles[error.trouble].sentence} (${error.message})`, next };
}

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
