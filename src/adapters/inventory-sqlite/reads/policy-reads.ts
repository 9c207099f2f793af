/** Reads of what decides who may have which certificate: profiles, products and their tokens. */
import { defaultRotation, type Profile } from '../../../domain/policy/profile.ts';
import type { EnrolmentToken, Product, ProductVersion } from '../../../domain/records/environment.ts';
import type { Inventory, PageQuery } from '../../../ports/inventory.ts';
import type { Statements } from '../lazy-statements.ts';
import { asked } from './point-reads.ts';

const productColumns = `id, version, environment, name_rules AS nameRules, profiles, contacts, alerts,
  created_at AS createdAt, removed_at AS removedAt`;
const tokenColumns = `id, product, profiles, lower(hex(secret_sha256)) AS secretSha256, uses_left AS usesLeft,
  expires_at AS expiresAt, created_at AS createdAt, created_by AS createdBy`;

/** Each is one look-up or one range of an index; a test asks SQLite for the plan of every one. */
export const policyLookUps = {
  profiles: `SELECT definition FROM profiles AS p WHERE environment = ? AND version =
    (SELECT max(version) FROM profiles WHERE environment = p.environment AND name = p.name) ORDER BY name`,
  profile: `SELECT definition FROM profiles WHERE environment = ? AND name = ? ORDER BY version DESC LIMIT 1`,
  profileVersion: 'SELECT definition FROM profiles WHERE environment = ? AND name = ? AND version = ?',
  product: `SELECT ${productColumns} FROM products WHERE id = ? ORDER BY version DESC LIMIT 1`,
  productVersion: `SELECT ${productColumns} FROM products WHERE id = ? AND version = ?`,
  products: `SELECT ${productColumns} FROM products AS p WHERE id > ? AND id < ? AND removed_at IS NULL
    AND version = (SELECT max(version) FROM products WHERE id = p.id) ORDER BY id LIMIT ?`,
  token: `SELECT ${tokenColumns} FROM tokens WHERE id = ?`,
  tokens: `SELECT ${tokenColumns} FROM tokens WHERE id > ? ORDER BY id LIMIT ?`,
  tokensOfProduct: `SELECT ${tokenColumns} FROM tokens WHERE product = ? AND id > ? ORDER BY id LIMIT ?`,
} as const;

type PolicyRead = 'profiles' | 'profileVersion' | 'product' | 'productVersion' | 'products' | 'token' | 'tokens';

export function policyReads(connection: Statements): Pick<Inventory, PolicyRead> {
  return { ...profileReads(connection), ...productReads(connection), ...tokenReads(connection) };
}

type Added = 'approvals' | 'rotation';

/** Profiles kept before they could ask for approvals, or say how they rotate, do not say what they then meant. */
const profileOf = (text: string): Profile => ({
  approvals: 0,
  rotation: defaultRotation,
  ...(JSON.parse(text) as Omit<Profile, Added> & Partial<Pick<Profile, Added>>),
});

function profileReads(connection: Statements): Pick<Inventory, 'profiles' | 'profileVersion'> {
  const all = connection.prepare<[string], string>(policyLookUps.profiles).pluck();
  const newest = connection.prepare<[string, string], string>(policyLookUps.profile).pluck();
  const versioned = connection.prepare<[string, string, number], string>(policyLookUps.profileVersion).pluck();
  return {
    profiles: asked((environment: string) => all.all(environment).map(profileOf)),
    profileVersion: asked((environment: string, name: string, version?: number) => {
      const text = version === undefined ? newest.get(environment, name) : versioned.get(environment, name, version);
      return text === undefined ? undefined : profileOf(text);
    }),
  };
}

/** A product or token as stored: its lists are JSON. */
type Stored<T, Lists extends keyof T> = Omit<T, Lists> & Record<Lists, string>;
type StoredProduct = Stored<ProductVersion, 'nameRules' | 'profiles' | 'contacts'>;
type StoredToken = Stored<EnrolmentToken, 'profiles'>;

const versionOf = (row: StoredProduct): ProductVersion => ({
  ...row,
  nameRules: JSON.parse(row.nameRules),
  profiles: JSON.parse(row.profiles),
  contacts: JSON.parse(row.contacts),
});

function productOf(row: StoredProduct): Product {
  const { removedAt: _removedAt, ...product } = versionOf(row);
  return product;
}

/** Above every id: they are printable ASCII. */
const pastAll = '\x7f';

/** Ids of an environment are those between `dev/` and `dev0`, the character after the slash. */
function productRange({ environment, after }: PageQuery & { readonly environment?: string }): [string, string] {
  if (environment === undefined) return [after ?? '', pastAll];
  const first = `${environment}/`;
  return [after !== undefined && after > first ? after : first, `${environment}0`];
}

function productReads(connection: Statements): Pick<Inventory, 'product' | 'productVersion' | 'products'> {
  const newest = connection.prepare<[string], StoredProduct>(policyLookUps.product);
  const versioned = connection.prepare<[string, number], StoredProduct>(policyLookUps.productVersion);
  const page = connection.prepare<[string, string, number], StoredProduct>(policyLookUps.products);
  return {
    product: asked((id: string) => {
      const row = newest.get(id);
      return row && row.removedAt === null ? productOf(row) : undefined;
    }),
    productVersion: asked((id: string, version?: number) => {
      const row = version === undefined ? newest.get(id) : versioned.get(id, version);
      return row && versionOf(row);
    }),
    products: asked((query: Parameters<Inventory['products']>[0]) =>
      page.all(...productRange(query), query.limit).map(productOf),
    ),
  };
}

const tokenOf = (row: StoredToken): EnrolmentToken => ({ ...row, profiles: JSON.parse(row.profiles) as string[] });

function tokenReads(connection: Statements): Pick<Inventory, 'token' | 'tokens'> {
  const one = connection.prepare<[string], StoredToken>(policyLookUps.token);
  const all = connection.prepare<[string, number], StoredToken>(policyLookUps.tokens);
  const ofProduct = connection.prepare<[string, string, number], StoredToken>(policyLookUps.tokensOfProduct);
  return {
    token: asked((id: string) => {
      const row = one.get(id);
      return row && tokenOf(row);
    }),
    tokens: asked(({ product, after = '', limit }: Parameters<Inventory['tokens']>[0]) =>
      (product === undefined ? all.all(after, limit) : ofProduct.all(product, after, limit)).map(tokenOf),
    ),
  };
}
