/** The profiles that products' certificates are made by, compiled against the authority that signs them. */
import { CaError } from '../../domain/errors.ts';
import { type CompiledProfile, compileProfile } from '../../domain/policy/prepare-certificate.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { Profile } from '../../domain/policy/profile.ts';
import { refuse } from '../../domain/refusal.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';

/** The newest versions of an environment's profiles, as they were at most a second ago. */
export type FindProfiles = (environment: string) => Promise<readonly Profile[] | undefined>;

export interface RecipeDeps {
  readonly findProfiles: FindProfiles;
  readonly directory: AuthorityDirectory;
}

export interface Recipe {
  readonly compiled: CompiledProfile;
  readonly issuer: ActiveAuthority;
}

export interface Recipes {
  get(environment: string, profile: string): Promise<Recipe>;
}

/** Compiles a profile once for as long as neither it nor its issuer changes. */
export function createRecipes(deps: RecipeDeps): Recipes {
  const kept = new WeakMap<ActiveAuthority, Map<string, Recipe>>();

  return {
    async get(environment, name) {
      const profile = (await deps.findProfiles(environment))?.find((candidate) => candidate.name === name);
      if (!profile) {
        return refuse([
          {
            code: 'unknownProfile',
            field: 'profile',
            message: `${environment} has no such profile.`,
            value: printable(name),
          },
        ]);
      }
      const issuer = await issuerOf(deps, profile.authority);
      if (issuer.revokedBy !== null) refuseRevoked(issuer.authority.name, issuer.revokedBy);
      const ofIssuer = kept.get(issuer) ?? new Map<string, Recipe>();
      kept.set(issuer, ofIssuer);
      const known = ofIssuer.get(name);
      if (known?.compiled.profile.version === profile.version) return known;
      const recipe = { compiled: compileProfile(profile, issuer.facts), issuer };
      ofIssuer.set(name, recipe);
      return recipe;
    },
  };
}

/** Profiles name only authorities that exist, so one that is not found merely has no certificate yet. */
async function issuerOf({ directory }: RecipeDeps, authority: string): Promise<ActiveAuthority> {
  try {
    return await directory.get(authority);
  } catch (error) {
    if (!(error instanceof CaError) || error.code !== 'notFound') throw error;
    const message = `${authority} issues nothing before an operator has imported its certificate, which is signed elsewhere.`;
    throw new CaError('signerUnavailable', message, { cause: error, retryAfterSeconds: 60 });
  }
}

function refuseRevoked(authority: string, by: string): never {
  const message = `${authority} issues nothing: the list of ${by}, which signed it, says that it is revoked. Tell an operator.`;
  return refuse([{ code: 'issuerRevoked', field: 'profile', message, value: authority }]);
}
