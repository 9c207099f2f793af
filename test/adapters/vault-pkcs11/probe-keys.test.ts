import { describe, expect, it } from 'vitest';
import { ProbeKeys } from '#src/adapters/vault-pkcs11/probe-keys.ts';
import { TokenFault } from '#src/adapters/vault-pkcs11/token-fault.ts';

const signing = (name: string) => ({
  key: { name, publicKeySha256: name },
  algorithm: 'ecdsa-with-SHA256' as const,
  tbs: Buffer.from('tbs'),
});

/** A token that signs with these keys, does not hold others, and is lost with the rest; tells which were tried. */
function token(good: readonly string[], destroyed: readonly string[] = []) {
  const tried: string[] = [];
  const sign = async ({ key }: { readonly key: { readonly name: string } }): Promise<void> => {
    tried.push(key.name);
    if (destroyed.includes(key.name)) throw new TokenFault('notFound', 'The token does not hold this key.');
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

  it('keeps no token away whose key that signed last is destroyed, as long as another signs', async () => {
    const probes = new ProbeKeys();
    for (const name of ['issuing', 'retired', 'issuing', 'retired']) probes.worked(signing(name));
    expect(probes.concernsAll(signing('broken'), performance.now() + 1000)).toBe(true);
    await probes.try(token(['issuing'], ['retired']).sign);
    const later = token(['issuing'], ['retired']);
    probes.concernsAll(signing('other'), performance.now() + 1000);
    await probes.try(later.sign);
    expect(later.tried).toEqual(['other', 'issuing']);
  });

  it('says that the token is away, when of its other keys none is left that could tell', async () => {
    const probes = new ProbeKeys();
    probes.worked(signing('retired'));
    expect(probes.concernsAll(signing('root'), performance.now() + 1000)).toBe(true);
    await expect(probes.try(token([], ['retired']).sign)).rejects.toMatchObject({ kind: 'lost' });
  });

  it('asks the key that signed last, not the one that signed first', async () => {
    const probes = new ProbeKeys();
    for (const name of ['issuing', 'root', 'issuing']) probes.worked(signing(name));
    probes.concernsAll(signing('broken'), performance.now() + 1000);
    const { tried, sign } = token(['issuing']);
    await probes.try(sign);
    expect(tried).toEqual(['broken', 'issuing']);
  });
});
