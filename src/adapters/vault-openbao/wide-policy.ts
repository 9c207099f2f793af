/** Asks OpenBao what the service's token may do besides signing: reading keys out, above all. */
import type { BaoSession } from './bao-session.ts';
import { accept } from './judge-answer.ts';

const timeLimitMs = 3000;

/** Stands for the keys whose names are not in the settings. */
const anyKey = 'any-key';

/** Paths by which a key could leave its vault, or others be let in; each with what the token may do there. Rejects with BaoError. */
export async function findWidePowers(
  session: BaoSession,
  mount: string,
  keys: readonly string[],
): Promise<readonly string[]> {
  const names = keys.length > 0 ? keys : [anyKey];
  const paths = [
    ...names.flatMap((name) => [
      `${mount}/export/signing-key/${name}`,
      `${mount}/backup/${name}`,
      `${mount}/keys/${name}/config`,
    ]),
    'sys/policies/acl/any-policy',
    'sys/seal',
  ];
  const call = { method: 'POST', path: 'sys/capabilities-self', body: { paths }, timeLimitMs } as const;
  const answer = await session.send(call);
  // A token that may not even ask is a narrow one.
  if (answer.status === 403) return [];
  const data = (accept(answer, 'key').data ?? {}) as Readonly<Record<string, unknown>>;
  return paths.flatMap((path) => {
    const powers = Array.isArray(data[path]) ? data[path].filter((power) => power !== 'deny') : [];
    return powers.length > 0 ? [`${path.replace(anyKey, '*')} (${powers.join(', ')})`] : [];
  });
}
