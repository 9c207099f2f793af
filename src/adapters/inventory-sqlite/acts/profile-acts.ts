/** Acts on profiles: each change is a new version, and the earlier ones stay. */
import { CaError } from '../../../domain/errors.ts';
import type { Profile } from '../../../domain/policy/profile.ts';
import type { Statements } from '../lazy-statements.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';

export function profileActs(connection: Statements, audit: AuditChain): Pick<Acts, 'createProfile' | 'changeProfile'> {
  const newest = connection
    .prepare<[string, string], number | null>('SELECT max(version) FROM profiles WHERE environment = ? AND name = ?')
    .pluck();
  const insert = connection.prepare(
    'INSERT INTO profiles (environment, name, version, definition) VALUES (?, ?, ?, ?)',
  );
  const add = (profile: Profile): void => {
    insert.run(profile.environment, profile.name, profile.version, JSON.stringify(profile));
  };
  return {
    createProfile(profile, entry) {
      const { environment, name } = profile;
      if (newest.get(environment, name)) {
        throw new CaError('conflict', `There is already a profile ${name} in ${environment}. Change it instead.`);
      }
      add(profile);
      audit.append(entry);
    },
    changeProfile(profile, entry) {
      const { environment, name, version } = profile;
      assertNext(`profile ${environment}/${name}`, version, newest.get(environment, name) ?? undefined);
      add(profile);
      audit.append(entry);
    },
  };
}

/** `notFound` without a newest version, `conflict` unless `version` comes right after it. */
export function assertNext(what: string, version: number, newest: number | undefined): void {
  if (newest === undefined) throw new CaError('notFound', `There is no ${what}.`);
  if (version !== newest + 1) {
    throw new CaError('conflict', `The ${what} has changed: it is at version ${newest} now. Read it again.`);
  }
}
