/** Vaults of the admin face, as methods of the client. */
import { VaultCheckJson, VaultList } from '../api/vault.ts';
import type { JsonCalls } from './json-calls.ts';

export const vaultCalls = ({ get, post }: Pick<JsonCalls, 'get' | 'post'>) => ({
  vaults: (): Promise<VaultList> => get('/v1/vaults', VaultList),
  checkVault: (name: string): Promise<VaultCheckJson> =>
    post(`/v1/vaults/${encodeURIComponent(name)}/check`, {}, VaultCheckJson),
});
