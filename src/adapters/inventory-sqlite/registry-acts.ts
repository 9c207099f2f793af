/** Acts that create environments and authorities; settings, audit entries and the write check. */
import { CaError } from '../../domain/errors.ts';
import type { KeyBlock } from '../../ports/issuance-conditions.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { octets, serialOctets } from './certificate-row.ts';
import type { Connection } from './connection.ts';
import { keyBlocks } from './intent-conditions.ts';

type Registry = Pick<
  Acts,
  'createEnvironment' | 'createAuthority' | 'activateAuthority' | 'appendAudit' | 'setSetting' | 'check'
>;

/** Each creation asks for its name first, so that `conflict` is decided before anything is written. */
export function registryActs(connection: Connection, audit: AuditChain): Registry {
  return {
    ...environmentActs(connection, audit),
    ...authorityActs(connection, audit),
    ...upkeepActs(connection, audit),
  };
}

/** Answers whether a row exists; `sql` selects from it by one key. */
function existence(connection: Connection, sql: string): (...key: string[]) => boolean {
  const select = connection.prepare<string[]>(sql).pluck();
  return (...key) => select.get(...key) !== undefined;
}

function refuseExisting(exists: boolean, what: string): void {
  if (exists) throw new CaError('conflict', `There is already ${what}.`);
}

function environmentActs(connection: Connection, audit: AuditChain): Pick<Acts, 'createEnvironment'> {
  const known = existence(connection, 'SELECT 1 FROM environments WHERE name = ?');
  const insert = connection.prepare('INSERT INTO environments (name, hierarchy, created_at) VALUES (?, ?, ?)');
  const insertProfile = connection.prepare(
    'INSERT INTO profiles (environment, name, version, definition) VALUES (?, ?, ?, ?)',
  );
  return {
    createEnvironment({ name, hierarchy, createdAt }, profiles, entry) {
      refuseExisting(known(name), `an environment ${name}`);
      insert.run(name, hierarchy, createdAt);
      for (const profile of profiles) {
        insertProfile.run(profile.environment, profile.name, profile.version, JSON.stringify(profile));
      }
      audit.append(entry);
    },
  };
}

function authorityActs(connection: Connection, audit: AuditChain): Pick<Acts, 'createAuthority' | 'activateAuthority'> {
  const known = existence(connection, 'SELECT 1 FROM authorities WHERE name = ?');
  const keyTaken = existence(connection, 'SELECT 1 FROM authorities WHERE vault = ? AND vault_key = ?');
  const insert = connection.prepare(
    `INSERT INTO authorities (name, role, environment, parent, vault, vault_key, key_type, signature_algorithm,
       certificate_serial, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)`,
  );
  const blocks = keyBlocks(connection);
  const blockKey = connection.prepare(`INSERT INTO blocked_keys (key_sha256, reason) VALUES (?, 'authority')`);
  // A closed intent has a row, too, but was never issued.
  const recorded = connection.prepare('SELECT 1 FROM certificates WHERE serial = ? AND issued_at IS NOT NULL');
  const activate = connection.prepare('UPDATE authorities SET certificate_serial = ? WHERE name = ?');
  return {
    createAuthority(authority, keySha256, entry) {
      const { name, role, environment, parent, vault, vaultKey } = authority;
      refuseExisting(known(name), `an authority ${name}`);
      refuseExisting(keyTaken(vault, vaultKey), `an authority with the key ${vaultKey} of the vault ${vault}`);
      // The same key may stand under several names of a backend, and in several vaults.
      const found = blocks.refusal(keySha256);
      if (found) throw new CaError('conflict', `The key ${vaultKey} of the vault ${vault} ${blockedAs[found.block]}.`);
      const rest = [authority.keyType, authority.signatureAlgorithm, authority.createdAt];
      insert.run(name, role, environment, parent, vault, vaultKey, ...rest);
      blockKey.run(octets(keySha256));
      audit.append(entry);
    },
    activateAuthority(name, certificateSerial, entry) {
      const serial = serialOctets(certificateSerial);
      if (!known(name)) throw new CaError('notFound', `There is no authority ${name}.`);
      if (!recorded.get(serial)) throw new CaError('notFound', `There is no certificate ${certificateSerial}.`);
      activate.run(serial, name);
      audit.append(entry);
    },
  };
}

const blockedAs: Readonly<Record<KeyBlock, string>> = {
  authority: 'is already that of another authority',
  operator: 'is that of an operator',
  compromised: 'is known to be compromised',
};

function upkeepActs(connection: Connection, audit: AuditChain): Pick<Acts, 'appendAudit' | 'setSetting' | 'check'> {
  const set = connection.prepare(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  );
  const check = connection.prepare(
    'INSERT INTO write_checks (id, checks) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET checks = checks + 1',
  );
  return {
    appendAudit: (entry) => audit.append(entry),
    setSetting: (name, value) => void set.run(name, value),
    check: () => void check.run(),
  };
}
