/** Makes a new home useful: system authority, environment dev, product dev/demo with a token, an admin, and their files. */

import { encodePem } from '../domain/der/pem.ts';
import { CaError } from '../domain/errors.ts';
import { builtinProfiles } from '../domain/policy/builtin-profiles.ts';
import { recipes } from '../domain/policy/service-profiles.ts';
import type { Hierarchy, Product } from '../domain/records/environment.ts';
import type { Clock } from '../ports/clock.ts';
import type { Home } from '../ports/home.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { KeyPairs } from '../ports/key-pairs.ts';
import type { Log } from '../ports/log.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { AuthorityDirectory } from './authorities/authority-directory.ts';
import type { EnsureAuthority } from './authorities/create-authority.ts';
import type { EnsureEnvironment, EnvironmentDeps } from './authorities/create-environment.ts';
import { issuingAuthorityName } from './authorities/environment-authorities.ts';
import { type TrustFiles, trustFile } from './authorities/trust-files.ts';
import type { IssueServiceCertificate } from './issuing/issue-service-certificate.ts';
import { newToken } from './registry/manage-tokens.ts';

export interface FirstRunDeps {
  readonly inventory: Inventory;
  readonly home: Home;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomness: Randomness;
  readonly keyPairs: KeyPairs;
  readonly directory: AuthorityDirectory;
  readonly ensureAuthority: EnsureAuthority;
  readonly ensureEnvironment: EnsureEnvironment;
  readonly issueServiceCertificate: IssueServiceCertificate;
  readonly trustFiles: TrustFiles;
  readonly authorityKeys: EnvironmentDeps['authorityKeys'];
  /** Hierarchy of the environment dev. */
  readonly hierarchy: Hierarchy;
}

export const demo = {
  environment: 'dev',
  product: 'dev/demo',
  host: 'demo.dev.internal',
  tokenDays: 30,
} as const;

export const homeFiles = {
  adminKey: 'admin/admin.key',
  adminCertificate: 'admin/admin.crt',
  demoToken: 'demo/token',
  trust: trustFile,
} as const;

const settingName = 'firstRunCompletedAt';

/**
 * Resolves to true when this was the first run. Every step looks at what is there already, so that a first run that was
 * cut short is completed by the next start; once completed it never makes keys, certificates or tokens again, even if files
 * were removed.
 */
export async function ensureFirstRun(deps: FirstRunDeps): Promise<boolean> {
  if (await deps.inventory.setting(settingName)) {
    await completeEnvironments(deps);
    return false;
  }
  await ensureSystem(deps);
  await deps.ensureEnvironment({ name: demo.environment, hierarchy: deps.hierarchy }, 'service');
  await deps.trustFiles.write('system');
  await deps.trustFiles.write(demo.environment);
  await ensureDemoProduct(deps);
  await ensureAdmin(deps);
  await ensureDemoToken(deps);
  await deps.inventory.appendAudit({
    at: deps.clock.now(),
    kind: 'service.initialized',
    actor: 'service',
    object: 'service',
  });
  await deps.inventory.setSetting(settingName, String(deps.clock.now()));
  return true;
}

const ensureSystem = (deps: FirstRunDeps): Promise<boolean> =>
  deps.ensureAuthority({
    name: 'system',
    role: 'system',
    environment: null,
    parent: 'system',
    ...deps.authorityKeys,
    commonName: 'Privyseal system',
    actor: 'service',
  });

/** An environment whose creation a crash cut short gets its missing authorities, and every one its trust file. */
async function completeEnvironments(deps: FirstRunDeps): Promise<void> {
  for (const environment of await deps.inventory.environments()) {
    await deps.ensureEnvironment(environment, 'service').catch(leftUnfinished(deps, environment.name));
  }
  await deps.trustFiles.mend();
}

/** A vault that is away, or makes no such key, must not keep everything else from starting. */
const leftUnfinished =
  ({ log }: FirstRunDeps, environment: string) =>
  (error: unknown): void => {
    if (!(error instanceof CaError && (error.code === 'signerUnavailable' || error.code === 'policyRefused')))
      throw error;
    log.error(
      { err: error, environment },
      'an environment is not complete yet; add it again, in another vault if need be',
    );
  };

async function ensureDemoProduct(deps: FirstRunDeps): Promise<void> {
  if (await deps.inventory.product(demo.product)) return;
  const createdAt = deps.clock.now();
  const issuing = issuingAuthorityName({ name: demo.environment, hierarchy: deps.hierarchy });
  const product: Product = {
    id: demo.product,
    environment: demo.environment,
    version: 1,
    nameRules: [
      { kind: 'exact', value: demo.host },
      { kind: 'subdomain', value: demo.host },
    ],
    profiles: [
      'peer',
      ...builtinProfiles(demo.environment, issuing)
        .map(({ name }) => name)
        .filter((name) => name !== 'peer'),
    ],
    contacts: [],
    alerts: 'all',
    createdAt,
  };
  const object = `product:${demo.product}`;
  await deps.inventory.createProduct(product, { at: createdAt, kind: 'product.created', actor: 'service', object });
}

const adminName = 'admin';

/** Key and certificate belong together: unless both files are there, both are made anew. */
async function ensureAdmin(deps: FirstRunDeps): Promise<void> {
  if (!(await deps.inventory.operator(adminName))) {
    const createdAt = deps.clock.now();
    await deps.inventory.createOperator(
      { name: adminName, role: 'admin', createdAt },
      {
        at: createdAt,
        kind: 'operator.created',
        actor: 'service',
        object: `operator:${adminName}`,
        details: { role: 'admin' },
      },
    );
  }
  if ((await deps.home.exists(homeFiles.adminKey)) && (await deps.home.exists(homeFiles.adminCertificate))) return;
  const pair = await deps.keyPairs.exportable('ec-p256');
  const { der } = await deps.issueServiceCertificate({
    recipe: recipes.operator,
    issuer: await deps.directory.get('system'),
    owner: adminName,
    publicKeyDer: pair.publicKeyDer,
    commonName: adminName,
    names: [],
  });
  // The certificate last: its presence says that the key beside it is its own.
  await deps.home.write(homeFiles.adminKey, pair.privateKeyPem, 0o600);
  await deps.home.write(homeFiles.adminCertificate, encodePem('CERTIFICATE', der), 0o644);
}

/** The token row is durable before the file, so that a token somebody reads always works. */
async function ensureDemoToken(deps: FirstRunDeps): Promise<void> {
  if (await deps.home.exists(homeFiles.demoToken)) return;
  const product = await deps.inventory.product(demo.product);
  const { token, secret } = newToken(deps, {
    product: demo.product,
    profiles: product?.profiles ?? [],
    uses: null,
    lifetimeSeconds: demo.tokenDays * 86_400,
    createdBy: 'service',
  });
  const details = { product: demo.product, expiresAt: token.expiresAt };
  await deps.inventory.createToken(token, {
    at: token.createdAt,
    kind: 'token.created',
    actor: 'service',
    object: `token:${token.id}`,
    details,
  });
  await deps.home.write(homeFiles.demoToken, `${secret}\n`, 0o600);
}
