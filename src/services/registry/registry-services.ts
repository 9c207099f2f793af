/** What the faces may ask about products, profiles and enrolment tokens. Bodies come raw: one parser judges each whole. */
import type { Profile } from '../../domain/policy/profile.ts';
import type { EnrolmentToken, Product, ProductVersion } from '../../domain/records/environment.ts';
import type { Caller } from '../caller.ts';

/** A page of a small list, by name or id. */
export interface RegistryPage<T> {
  readonly items: readonly T[];
  /** Opaque; null at the end. */
  readonly nextCursor: string | null;
}

export interface PageInput {
  readonly cursor?: string;
  readonly limit: number;
}

/** A token as anybody may see it again: without its secret. */
export type TokenView = Omit<EnrolmentToken, 'secretSha256'>;

/** All throw CaError; names, ids and versions come as they were sent. */
export interface RegistryServices {
  /** `raw` is a product with its `environment`; `policyRefused` with every reason, `conflict` if it exists. */
  createProduct(caller: Caller, raw: unknown): Promise<ProductVersion>;
  /** `raw` replaces all but the name, and has the `version` it was made from: another one is `conflict`. */
  changeProduct(caller: Caller, id: string, raw: unknown): Promise<ProductVersion>;
  /** `conflict` while it has certificates that are good. Its tokens end with it, its versions can still be read. */
  removeProduct(caller: Caller, id: string): Promise<void>;
  /** A version, or the newest one, also of a product that was removed. */
  readProduct(id: string, version?: number): Promise<ProductVersion>;
  listProducts(input: PageInput & { readonly environment?: string }): Promise<RegistryPage<Product>>;

  /** `raw` is a profile with its `environment` and perhaps its `authority`. */
  createProfile(caller: Caller, raw: unknown): Promise<Profile>;
  /** As `changeProduct`. The next request is judged by the new version. */
  changeProfile(caller: Caller, environment: string, name: string, raw: unknown): Promise<Profile>;
  readProfile(environment: string, name: string, version?: number): Promise<Profile>;
  listProfiles(input: PageInput & { readonly environment?: string }): Promise<RegistryPage<Profile>>;

  /** `secret` is the whole bearer text; it is in no other answer. */
  createToken(caller: Caller, input: TokenInput): Promise<{ readonly token: TokenView; readonly secret: string }>;
  removeToken(caller: Caller, id: string): Promise<void>;
  listTokens(input: PageInput & { readonly product?: string }): Promise<RegistryPage<TokenView>>;
}

export interface TokenInput {
  readonly product: string;
  /** All of the product's if absent. */
  readonly profiles?: readonly string[];
  /** Null: without limit. */
  readonly uses: number | null;
  readonly lifetimeSeconds: number;
}
