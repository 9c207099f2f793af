/** What the client asks of authorities: the list that anybody may see, and the details for operators. */
import {
  type AuthorityBody,
  AuthorityDetailJson,
  type AuthorityImportBody,
  type CrlImportBody,
} from '../api/authority.ts';
import { AuthorityList, CrlJson } from '../api/service.ts';
import type { JsonCalls } from './json-calls.ts';

const pathOf = (name: string): string => `/v1/authorities/${encodeURIComponent(name)}`;

export const authorityCalls = ({ get, post }: Pick<JsonCalls, 'get' | 'post'>) => ({
  authorities: (): Promise<AuthorityList> => get('/v1/authorities', AuthorityList),
  authority: (name: string): Promise<AuthorityDetailJson> => get(pathOf(name), AuthorityDetailJson),
  /** Makes the key and the CSR of one that is to be signed elsewhere. */
  requestAuthority: (body: AuthorityBody): Promise<AuthorityDetailJson> =>
    post('/v1/authorities', body, AuthorityDetailJson),
  importAuthority: (name: string, body: AuthorityImportBody): Promise<AuthorityDetailJson> =>
    post(`${pathOf(name)}/import`, body, AuthorityDetailJson),
  importCrl: (name: string, body: CrlImportBody): Promise<CrlJson> => post(`${pathOf(name)}/import-crl`, body, CrlJson),
});
