/** Vaults: which there are, and whether their keys sign. */
import { NoQuery } from '../../../api/service.ts';
import { VaultCheckJson, type VaultKeyCheckJson, VaultList, VaultPath } from '../../../api/vault.ts';
import type { Services } from '../../../services/services.ts';
import type { KeyCheck, VaultCheck } from '../../../services/vaults/vault-services.ts';
import { callerOf } from '../arrival/authentication.ts';
import { jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import type { May } from './may.ts';

const tags = ['vaults'];

export function addVaultRoutes(face: Face, services: Pick<Services, 'listVaults' | 'checkVault'>, may: May): void {
  face.get(
    '/v1/vaults',
    {
      onRequest: may('read'),
      schema: {
        operationId: 'listVaults',
        tags,
        summary: 'All vaults, with the authorities whose keys they hold',
        description:
          'As the settings and the inventory name them; each is asked for the keys of its authorities, which takes 10 s at most.',
        security: operatorSecurity,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('The vaults, all on one page.', VaultList),
          ...problems(...readProblems, 'inventoryUnavailable'),
        },
      },
    },
    async (_request, reply) => {
      const items = (await services.listVaults()).map((vault) => ({
        ...vault,
        fault: vault.fault && { ...vault.fault },
        authorities: [...vault.authorities],
      }));
      return sendJson(reply, { items, nextCursor: null } satisfies VaultList);
    },
  );

  face.post(
    '/v1/vaults/:vault/check',
    {
      onRequest: may('administer'),
      schema: {
        operationId: 'checkVault',
        tags,
        summary: 'Sign a probe with the key of each authority of a vault, and verify it',
        description:
          'The answer is 200 also when keys fail: each says so itself. At most 72 signatures and two seconds a key, one key after the other; ' +
          'what is signed is a text that cannot be taken for a certificate.',
        security: operatorSecurity,
        params: VaultPath,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('What was found, key by key.', VaultCheckJson),
          ...problems(
            ...([...readProblems, 'notFound'] as const),
            ...(['payloadTooLarge', 'unsupportedMediaType', 'inventoryUnavailable'] as const),
          ),
        },
      },
    },
    async (request, reply) =>
      sendJson(reply, checkJson(await services.checkVault(callerOf(request), request.params.vault))),
  );
}

const checkJson = ({ name, checkedAt, fault, keys }: VaultCheck): VaultCheckJson => ({
  name,
  checkedAt: rfc3339Ms(checkedAt),
  fault: fault && { ...fault },
  keys: keys.map(keyJson),
});

const keyJson = ({ fault, ...key }: KeyCheck): VaultKeyCheckJson => ({ ...key, verified: fault === null, fault });
