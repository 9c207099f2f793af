import { describe, expect, it } from 'vitest';
import { ProbeKeys } from '#src/adapters/vault-pkcs11/probe-keys.ts';
import { TokenFault } from '#src/adapters/vault-pkcs11/token-fault.ts';

const signing = (name: string) => ({
  key: { name, publicKeySha256: name },
  algorithm: 'ecdsa-with-SHA256' as const,
  tbs: Buffer.from('tbs'),
});

/** A token that signs with these keys and is lost with all others; tells which were tried. */
function token(good: readonly string[]) {
  const tried: string[] = [];
  const sign = async ({ key }: { readonly key: { readonly name: string } }): Promise<void> => {
    tried.push(key.name);
    if (!good.includes(key.name)) throw new TokenFault('lost', 'The token is away.');
  };
  return { tried, sign };
}

describe('a signature that is lost', () => {
  it('says that the token is away, while no other key signs', async () => {
    const probes = new ProbeKeys();
    expect(probes.concernsAll(signing('root'), performance.now())).toBe(true);
    const away = token([]);
    await expect(probes.try(away.sign)).rejects.toMatchObject({ kind: 'lost' });
    const back = token(['root']);
    await probes.try(back.sign);
    expect([...away.tried, ...back.tried]).toContain('root');
  });

  it('says nothing of a token whose other keys sign', () => {
    const probes = new ProbeKeys();
    const asked = performance.now() - 1;
    probes.worked(signing('issuing'));
    expect(probes.concernsAll(signing('broken'), asked)).toBe(false);
    expect(probes.concernsAll(signing('broken'), performance.now() + 1000)).toBe(false);
    probes.worked(signing('broken'));
    expect(probes.concernsAll(signing('broken'), performance.now() + 1000)).toBe(true);
  });

  it('keeps no token away that signs with another key', async () => {
    const probes = new ProbeKeys();
    probes.worked(signing('issuing'));
    expect(probes.concernsAll(signing('broken'), performance.now() + 1000)).toBe(true);
    const { tried, sign } = token(['issuing']);
    await probes.try(sign);
    expect(tried).toEqual(['broken', 'issuing']);
    expect(probes.concernsAll(signing('broken'), performance.now() + 1000)).toBe(false);
  });
});
