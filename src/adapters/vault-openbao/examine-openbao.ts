/** Tries a vault in OpenBao as the service would: address, TLS, login, named keys, and what else its token may do. */
import type { Finding } from '../../domain/diagnosis/finding.ts';
import { type BegunKey, type CertifiedKey, judgeBegunKeys, judgeKeys } from '../../domain/diagnosis/judge-keys.ts';
import { StartError } from '../../domain/errors.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import type { Log } from '../../ports/log.ts';
import { openSession } from './bao-session.ts';
import { BaoError, troubles } from './bao-trouble.ts';
import { TransitEngine } from './transit-engine.ts';
import { type OpenBaoOptions, versionsOf } from './vault-openbao.ts';
import { findWidePowers } from './wide-policy.ts';

const check = 'vault';
const keyLimitMs = 3000;

/** Signs nothing and changes nothing. */
export async function examineOpenBao(
  options: OpenBaoOptions,
  certified: readonly CertifiedKey[],
  begun: readonly BegunKey[] = [],
): Promise<Finding[]> {
  const { name, mount } = options;
  try {
    const session = await openSession(options, silent);
    try {
      const versions = versionsOf(options.keys);
      const engine = new TransitEngine(session, mount, versions);
      await engine.health(keyLimitMs);
      const powers = await findWidePowers(session, mount, [...versions.keys()]);
      const wide = findingOf(name, powers, session.policies());
      const keys = await examineKeys(engine, [...versions.keys()], { name, certified });
      return [wide, ...keys, ...judgeBegunKeys(begun, await heldOf(engine, begun))];
    } finally {
      await session.close();
    }
  } catch (error) {
    return [failed(name, error)];
  }
}

/** Of those that the settings name, and of those that authorities sign with. */
async function examineKeys(
  engine: TransitEngine,
  named: readonly string[],
  { name, certified }: { readonly name: string; readonly certified: readonly CertifiedKey[] },
): Promise<Finding[]> {
  const held = new Map<string, string[]>();
  const unfit = new Map<string, Finding>();
  for (const key of new Set([...named, ...certified.map((each) => each.key)])) {
    try {
      const { facts } = await engine.readKey(key, keyLimitMs);
      held.set(key, [publicKeySha256(facts.publicKeyDer)]);
    } catch (error) {
      const isMissing = error instanceof BaoError && error.trouble === 'keyMissing';
      if (!isMissing || named.includes(key)) unfit.set(key, failed(`${name}, key ${key}`, error));
    }
  }
  return [
    ...unfit.values(),
    ...judgeKeys(
      certified.filter(({ key }) => !unfit.has(key)),
      held,
    ),
  ];
}

/** Names of those that are there, and that the policy lets be seen. */
async function heldOf(engine: TransitEngine, begun: readonly BegunKey[]): Promise<string[]> {
  const held: string[] = [];
  for (const { key } of begun) {
    try {
      await engine.readKey(key, keyLimitMs);
      held.push(key);
    } catch (error) {
      if (!(error instanceof BaoError)) throw error;
    }
  }
  return held;
}

function findingOf(name: string, powers: readonly string[], policies: readonly string[] = []): Finding {
  const slow = policies.includes('default')
    ? '; it would sign sooner without the policy default (examples/vault/token.hcl)'
    : '';
  const says = `${name}: answers, and takes the credentials of the service`;
  if (powers.length === 0) return { check, state: 'ok', says: says + slow };
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
