/** Which generations are lost with a key, told from what is recorded alone: the rest of a compromise is in compromised-authorities.test.ts. */
import { describe, expect, it } from 'vitest';
import type { RotationState } from '../../../src/domain/records/authority-rotation.ts';
import { type GenerationPhase, generationId } from '../../../src/domain/records/generation.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import { comingBelow, findLost } from '../../../src/services/authorities/lost-generations.ts';
import { codeOf } from '../../support/rejection.ts';

interface Given {
  /** Phases of the generations of each, from the first on; `!` before one that is compromised. */
  readonly generations: Readonly<Record<string, readonly (GenerationPhase | `!${GenerationPhase}`)[]>>;
  /** Which generation of `dev-root` signed which below it; the first one unless it says so. */
  readonly signedBy?: Readonly<Record<string, number>>;
  readonly rotations?: readonly (readonly [id: string, to: number, state: RotationState])[];
  /** Ids of generations of which a product still uses a certificate. */
  readonly inUse?: readonly string[];
}

const parents: Readonly<Record<string, string>> = { 'dev-issuing': 'dev-root', 'dev-mail': 'dev-root' };
const idOf = (authority: string, number: number): string => generationId({ authority, number });

function recorded({ generations, signedBy = {}, rotations = [], inUse = [] }: Given) {
  const all = Object.entries(generations).flatMap(([authority, phases]) =>
    phases.map((phase, at) => ({
      ...{ authority, number: at + 1, certificateSerial: idOf(authority, at + 1) },
      ...{ phase: phase.replace('!', ''), isCompromised: phase.startsWith('!') },
    })),
  );
  const inventory = {
    authorities: async () =>
      Object.keys(generations).map((name) => {
        const inForce = all.find((one) => one.authority === name && one.phase === 'inForce');
        return {
          ...{ name, parent: parents[name] ?? name, generation: inForce?.number ?? 1 },
          certificateSerial: inForce?.certificateSerial ?? null,
        };
      }),
    generations: async () => all,
    rotations: async () =>
      rotations.map(([id, generation, state]) => {
        const { authority, number: predecessor } = all.find((one) => idOf(one.authority, one.number) === id)!;
        return { authority, predecessor, generation, state };
      }),
    authorityCertificates: async () =>
      all.map(({ authority, number, certificateSerial: serial }) => ({ authority, generation: number, serial })),
    certificate: async (serial: string) => {
      const { authority } = all.find((one) => one.certificateSerial === serial)!;
      return { issuerSerial: idOf(parents[authority] ?? authority, signedBy[serial] ?? 1) };
    },
    externalAuthorities: async () => [{ name: 'corp-root' }],
    searchCertificates: async ({ issuerSerial }: { issuerSerial: string }) =>
      inUse.includes(issuerSerial) ? [{ serial: '01' }] : [],
  };
  return { inventory: inventory as unknown as Inventory, clock: { now: () => 0 } };
}

const lost = async (given: Given, name: string, wanted?: number): Promise<readonly string[]> =>
  (await findLost(recorded(given), name, wanted)).map(({ authority, generation: { number } }) =>
    idOf(authority.name, number),
  );
const refused = (given: Given, name: string, wanted?: number): Promise<string> =>
  codeOf(findLost(recorded(given), name, wanted));

describe('a generation that is lost', () => {
  it('is the one in force, or one that still signs, and none of an authority that is not in force or not here', async () => {
    const given: Given = { generations: { 'dev-issuing': ['retired', 'outgoing', 'inForce', 'coming', 'abandoned'] } };
    expect(await lost(given, 'dev-issuing')).toEqual(['dev-issuing.3']);
    expect(await lost(given, 'dev-issuing', 2)).toEqual(['dev-issuing.2']);
    for (const number of [0, 1, 4, 5, 6]) expect(await refused(given, 'dev-issuing', number)).toBe('conflict');
    expect(await refused({ generations: { 'dev-issuing': ['coming'] } }, 'dev-issuing')).toBe('notFound');
    expect([await refused(given, 'nobody'), await refused(given, 'corp-root')]).toEqual(['notFound', 'conflict']);
  });

  it('is the one that was declared before, while its replacement has not come to its end', async () => {
    const declared = (state?: RotationState): Given => ({
      generations: { 'dev-issuing': ['!outgoing', 'inForce'] },
      rotations: state ? [['dev-issuing', 2, state]] : [],
    });
    for (const state of [undefined, 'preparing', 'prepared', 'trusted', 'issuing', 'abandoned'] as const)
      expect([state, await lost(declared(state), 'dev-issuing')]).toEqual([state, ['dev-issuing']]);
    for (const state of ['retiring', 'retired'] as const) {
      expect([state, await refused(declared(state), 'dev-issuing')]).toEqual([state, 'conflict']);
      expect(await lost(declared(state), 'dev-issuing', 2)).toEqual(['dev-issuing.2']);
    }
  });

  it('has nothing to do with the compromise of another authority', async () => {
    for (const others of [[], [['dev-root', 2, 'retiring']]] as const) {
      const generations: Given['generations'] = {
        'dev-root': ['!outgoing', 'inForce'],
        system: ['outgoing', 'inForce'],
      };
      expect(await lost({ generations, rotations: others }, 'system')).toEqual(['system.2']);
    }
  });

  it('goes on with the next when a rotation from it was given up', async () => {
    const generations: Given['generations'] = { 'dev-issuing': ['!outgoing', 'abandoned', 'inForce'] };
    const rotations = [
      ['dev-issuing', 2, 'abandoned'],
      ['dev-issuing', 3, 'retiring'],
    ] as const;
    expect(await refused({ generations, rotations }, 'dev-issuing')).toBe('conflict');
  });
});

describe('with a root are lost', () => {
  const generations: Given['generations'] = {
    'dev-root': ['outgoing', 'inForce'],
    'dev-issuing': ['retired', 'outgoing', 'inForce', 'coming'],
    'dev-mail': ['retired', 'inForce', 'abandoned'],
    system: ['inForce'],
  };

  it('those below it that it signed, or a root before it did, while they are in use', async () => {
    const all = ['dev-root.2', 'dev-issuing.2', 'dev-issuing.3', 'dev-mail.2'];
    expect(await lost({ generations }, 'dev-root')).toEqual(all);
    expect(await lost({ generations, signedBy: { 'dev-issuing.3': 2 } }, 'dev-root')).toEqual(all);
    const inUse = ['dev-issuing', 'dev-mail.3'];
    expect(await lost({ generations, inUse }, 'dev-root')).toEqual([all[0], 'dev-issuing', ...all.slice(1)]);
  });

  it('none that the root after it signed', async () => {
    const signedBy = { 'dev-issuing.3': 2, 'dev-mail.2': 2 };
    expect(await lost({ generations, signedBy }, 'dev-root', 1)).toEqual(['dev-root', 'dev-issuing.2']);
  });

  it('the certificates of those below that are coming, whose keys are good', async () => {
    const coming = async (signedBy: Given['signedBy'], wanted: number) => {
      const deps = recorded({ generations, signedBy: signedBy ?? {} });
      return (await comingBelow(deps, await findLost(deps, 'dev-root', wanted))).map(generationId);
    };
    expect(await coming({}, 1)).toEqual(['dev-issuing.4']);
    expect([await coming({ 'dev-issuing.4': 2 }, 1), await coming({ 'dev-issuing.4': 2 }, 2)]).toEqual([
      [],
      ['dev-issuing.4'],
    ]);
  });
});
