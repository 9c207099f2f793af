/** Acts that create environments; settings, audit entries and the write check. */

import type { Statements } from '../lazy-statements.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { existence, refuseExisting } from './authority-acts.ts';

type Registry = Pick<Acts, 'createEnvironment' | 'appendAudit' | 'setSetting' | 'check'>;

/** Each creation asks for its name first, so that `conflict` is decided before anything is written. */
export function registryActs(connection: Statements, audit: AuditChain): Registry {
  return {
    ...environmentActs(connection, audit),
    ...upkeepActs(connection, audit),
  };
}

function environmentActs(connection: Statements, audit: AuditChain): Pick<Acts, 'createEnvironment'> {
  const known = existence(connection, 'SELECT 1 FROM environments WHERE name = ?');
  const insert = connection.prepare(
    'INSERT INTO environments (name, hierarchy, is_external, created_at) VALUES (?, ?, ?, ?)',
  );
  const insertProfile = connection.prepare(
    'INSERT INTO profiles (environment, name, version, definition) VALUES (?, ?, ?, ?)',
  );
  return {
    createEnvironment({ name, hierarchy, createdAt }, profiles, entry) {
      refuseExisting(known(name), `an environment ${name}`);
      const isExternal = hierarchy === 'external';
      insert.run(name, isExternal ? 'two-tier' : hierarchy, Number(isExternal), createdAt);
      for (const profile of profiles) {
        insertProfile.run(profile.environment, profile.name, profile.version, JSON.stringify(profile));
      }
      audit.append(entry);
    },
  };
}

function upkeepActs(connection: Statements, audit: AuditChain): Pick<Acts, 'appendAudit' | 'setSetting' | 'check'> {
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
