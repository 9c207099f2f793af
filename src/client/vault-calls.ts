/** Vaults of the admin face, as methods of the client. */
import type { Shape, Shaped } from '../api/shape.ts';
import { VaultCheckJson, VaultList } from '../api/vault.ts';

interface Calls {
  readonly get: <Schema extends Shape>(path: string, schema: Schema) => Promise<Shaped<Schema>>;
  readonly post: <Schema extends Shape>(path: string, json: unknown, schema: Schema) => Promise<Shaped<Schema>>;
}

export const vaultCalls = ({ get, post }: Calls) => ({
  vaults: (): Promise<VaultList> => get('/v1/vaults', VaultList),
  checkVault: (name: string): Promise<VaultCheckJson> =>
    post(`/v1/vaults/${encodeURIComponent(name)}/check`, {}, VaultCheckJson),
});
