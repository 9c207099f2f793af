/** Profiles: made and changed by operators into new versions, which the very next request is judged by. */
import type { Reason } from '../../domain/errors.ts';
import { profileChanges } from '../../domain/policy/describe-changes.ts';
import { judgePurposes } from '../../domain/policy/judge-purposes.ts';
import { judgeLongestLifetime } from '../../domain/policy/lifetime.ts';
import { parseProfile } from '../../domain/policy/parse-profile.ts';
import type { Profile } from '../../domain/policy/profile.ts';
import { complainInto, takeFields } from '../../domain/policy/raw-fields.ts';
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { Environment } from '../../domain/records/environment.ts';
import { collectReasons } from '../../domain/refusal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';
import { issuingAuthorityName } from '../authorities/environment-authorities.ts';
import { actorOf, type Caller } from '../caller.ts';
import { namePage } from '../inventory/name-pages.ts';
import { refuseUnknown } from '../inventory/unknown-filters.ts';
import { acceptedOr, namedEnvironment, takeVersion } from '../judge-body.ts';
import { noSuch } from '../no-such.ts';
import type { RegistryServices } from './registry-services.ts';

export interface ProfileDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly clock: Clock;
  /** Called after a profile of the environment was made or changed. */
  readonly forgetProfiles: (environment: string) => void;
}

type ProfileServices = Pick<RegistryServices, 'createProfile' | 'changeProfile' | 'readProfile' | 'listProfiles'>;

export const createProfileServices = (deps: ProfileDeps): ProfileServices => ({
  createProfile: (caller, raw) => createProfile(deps, caller, raw),
  changeProfile: (caller, environment, name, raw) => changeProfile(deps, caller, { environment, name, raw }),
  async readProfile(environment, name, version) {
    const profile = await deps.inventory.profileVersion(environment, name, version);
    if (!profile) throw noSuch('profile', `${environment}/${name}`, version);
    return profile;
  },
  async listProfiles({ environment, ...page }) {
    await refuseUnknown(deps.inventory, { environment });
    return namePage(page, keyOf, async ({ after, limit }) => {
      const environments = (await deps.inventory.environments()).map(({ name }) => name);
      const wanted = environments.filter((name) => environment === undefined || name === environment);
      const profiles = (await Promise.all(wanted.map((name) => deps.inventory.profiles(name)))).flat();
      return profiles.filter((profile) => after === undefined || isAfter(profile, after)).slice(0, limit);
    });
  },
});

const keyOf = ({ environment, name }: Profile): string => `${environment}/${name}`;

/** In the order of the list: by environment, then by name. */
function isAfter(profile: Profile, key: string): boolean {
  const [environment = '', name = ''] = key.split('/');
  return profile.environment === environment ? profile.name > name : profile.environment > environment;
}

async function createProfile(deps: ProfileDeps, caller: Caller, raw: unknown): Promise<Profile> {
  const { taken, rest } = takeFields(raw, ['environment', 'authority']);
  const reasons: Reason[] = [];
  const environment = await namedEnvironment(deps.inventory, taken.environment, reasons);
  const profile = await judged(deps, { environment, authority: taken.authority, version: 1 }, { rest, reasons });
  await deps.inventory.createProfile(profile, entryOf(deps, caller, 'profile.created', profile));
  deps.forgetProfiles(profile.environment);
  return profile;
}

interface Change {
  readonly environment: string;
  readonly name: string;
  readonly raw: unknown;
}

async function changeProfile(deps: ProfileDeps, caller: Caller, { environment, name, raw }: Change): Promise<Profile> {
  const before = await deps.inventory.profileVersion(environment, name);
  if (!before) throw noSuch('profile', `${environment}/${name}`);
  const reasons: Reason[] = [];
  const { version, rest } = takeVersion(raw, reasons);
  const { taken, rest: definition } = takeFields(rest, ['authority', 'name']);
  if ('name' in taken) complainInto(reasons, 'profile')('name', 'is no field here: the path says which profile it is');
  const known = (await deps.inventory.environments()).find((candidate) => candidate.name === environment);
  const place = { environment: known, authority: taken.authority ?? before.authority, version: version + 1 };
  const named = typeof definition === 'object' && definition !== null ? { ...definition, name } : definition;
  const after = await judged(deps, place, { rest: named, reasons });
  const changes = profileChanges(before, after);
  // To say the same again is no change; who says it of an earlier version still learns that it is not the newest.
  if (version === before.version && Object.keys(changes).length === 0) return before;
  await deps.inventory.changeProfile(after, entryOf(deps, caller, 'profile.changed', after, changes));
  deps.forgetProfiles(environment);
  return after;
}

interface Place {
  readonly environment: Environment | undefined;
  /** As it was sent; undefined for the one that issues to products. */
  readonly authority: unknown;
  readonly version: number;
}

/** The profile, or a refusal with every reason: of the definition, of where it belongs, of its authority's end. */
async function judged(
  deps: ProfileDeps,
  { environment, authority, version }: Place,
  { rest, reasons }: { readonly rest: unknown; readonly reasons: Reason[] },
): Promise<Profile> {
  const issuer = environment && (await issuerOf(deps, environment, authority, reasons));
  const context = { environment: environment?.name ?? '', authority: issuer?.authority.name ?? '', version };
  const profile = collectReasons(reasons, () => parseProfile(rest, context));
  if (profile && issuer) {
    reasons.push(...judgeLongestLifetime(profile, issuer.facts, Math.floor(deps.clock.now() / 1000)));
    reasons.push(...judgePurposes(profile, issuer.facts));
  }
  return acceptedOr('profile', reasons, profile);
}

/** The authority that is to sign: of this environment, and one that signs products' certificates. */
async function issuerOf(
  deps: ProfileDeps,
  environment: Environment,
  wanted: unknown,
  reasons: Reason[],
): Promise<ActiveAuthority | undefined> {
  const issuers = (await deps.inventory.authorities()).filter(
    ({ environment: of, role }) => of === environment.name && (role === 'issuing' || role === 'sole'),
  );
  const name = wanted ?? issuingAuthorityName(environment);
  const found = issuers.find((authority) => authority.name === name);
  const complain = complainInto(reasons, 'profile');
  if (found?.certificateSerial === null) {
    complain(
      'authority',
      'has no certificate yet, which limits what profiles may promise: import its chain first',
      name,
    );
    return undefined;
  }
  if (found) return deps.directory.get(found.name);
  const list = issuers.map((authority) => authority.name).join(', ');
  complain('authority', `must be one of ${list}`, name);
  return undefined;
}

const entryOf = (
  { clock }: ProfileDeps,
  caller: Caller,
  kind: AuditEntry['kind'],
  profile: Profile,
  changes: Readonly<Record<string, string>> = {},
): AuditEntry => ({
  at: clock.now(),
  kind,
  actor: actorOf(caller),
  object: `profile:${keyOf(profile)}`,
  details: { version: profile.version, ...changes },
});
