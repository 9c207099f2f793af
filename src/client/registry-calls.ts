/** Products, profiles and enrolment tokens of the admin face, as methods of the client. */
import { type ProductBody, type ProductChangeBody, ProductJson, ProductList } from '../api/product.ts';
import { ProfileJson, ProfileList } from '../api/profile.ts';
import type { EnvironmentPageQuery, ProductPageQuery } from '../api/registry.ts';
import { NewTokenJson, type TokenBody, TokenList } from '../api/token.ts';
import type { JsonCalls } from './json-calls.ts';
import { queryText } from './query-text.ts';

/** Bodies of profiles are what a person wrote: the service says everything that is wrong with them. */
type RawBody = Readonly<Record<string, unknown>>;

export const registryCalls = ({ get, post, put, remove }: Pick<JsonCalls, 'get' | 'post' | 'put' | 'remove'>) => ({
  createProduct: (body: ProductBody): Promise<ProductJson> => post('/v1/products', body, ProductJson),
  changeProduct: (id: string, body: ProductChangeBody): Promise<ProductJson> =>
    put(ownedPath('products', id), body, ProductJson),
  removeProduct: (id: string): Promise<void> => remove(ownedPath('products', id)),
  product: (id: string, version?: number): Promise<ProductJson> =>
    get(ownedPath('products', id) + queryText({ version }), ProductJson),
  products: (query: EnvironmentPageQuery = {}): Promise<ProductList> =>
    get(`/v1/products${queryText(query)}`, ProductList),

  createProfile: (body: RawBody): Promise<ProfileJson> => post('/v1/profiles', body, ProfileJson),
  /** `id` is environment and name: `dev/kafka`. */
  changeProfile: (id: string, body: RawBody): Promise<ProfileJson> => put(ownedPath('profiles', id), body, ProfileJson),
  profile: (id: string, version?: number): Promise<ProfileJson> =>
    get(ownedPath('profiles', id) + queryText({ version }), ProfileJson),
  profiles: (query: EnvironmentPageQuery = {}): Promise<ProfileList> =>
    get(`/v1/profiles${queryText(query)}`, ProfileList),

  createToken: (body: TokenBody): Promise<NewTokenJson> => post('/v1/tokens', body, NewTokenJson),
  removeToken: (id: string): Promise<void> => remove(`/v1/tokens/${encodeURIComponent(id)}`),
  tokens: (query: ProductPageQuery = {}): Promise<TokenList> => get(`/v1/tokens${queryText(query)}`, TokenList),
});

/** Only the slash of the id is one of the path. */
function ownedPath(kind: 'products' | 'profiles', id: string): string {
  const [environment = '', ...name] = id.split('/');
  return `/v1/${kind}/${encodeURIComponent(environment)}/${encodeURIComponent(name.join('/'))}`;
}
