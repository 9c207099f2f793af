/** The services of rotations, answering well for one that is prepared; and what REST says of it. */
import type { RotationJson } from '../../src/api/authority-rotation.ts';
import type { RotationServices, RotationView } from '../../src/services/authorities/rotation-services.ts';
import { testNow } from './test-hierarchy.ts';

const serial = '01c5f3a07e6b1d2c3b4a5968778695a4b3c2d1e0';

const view: RotationView = {
  rotation: {
    authority: 'dev-root',
    generation: 2,
    predecessor: 1,
    state: 'prepared',
    campaign: null,
    startedAt: testNow * 1000,
    startedBy: 'operator:admin',
    changedAt: testNow * 1000,
  },
  from: 'dev-root',
  to: 'dev-root.2',
  next: 'trusted',
  obstacles: [{ condition: 'rootTrusted', who: ['dev/demo: 1 of 2 targets (web-1)'] }],
  certificates: [{ kind: 'own', serial }],
  oldKeyDestroyedAt: null,
};

export const testRotationJson: RotationJson = {
  authority: 'dev-root',
  from: 'dev-root',
  to: 'dev-root.2',
  state: 'prepared',
  next: 'trusted',
  obstacles: [{ condition: 'rootTrusted', who: ['dev/demo: 1 of 2 targets (web-1)'] }],
  certificates: [{ kind: 'own', serial }],
  campaign: null,
  startedAt: new Date(testNow * 1000).toISOString(),
  startedBy: 'operator:admin',
  changedAt: new Date(testNow * 1000).toISOString(),
  oldKeyDestroyedAt: null,
};

const compromise = {
  replaced: [{ from: 'dev-root', to: 'dev-root.2' }],
  revoked: [serial],
  revocableElsewhere: [],
  operators: [],
  products: [{ product: 'dev/demo', certificates: 3 }],
};

/** `known` refuses with `notFound` whatever is not the one authority there is. */
export const rotationsDouble = (known: (name: string) => void): RotationServices => ({
  planRotation: async (name) => {
    known(name);
    const keys = { vault: 'file', key: null, keyType: 'ec-p256' } as const;
    const products = compromise.products;
    return {
      authority: name,
      role: 'root',
      from: name,
      to: `${name}.2`,
      ...keys,
      isRoot: true,
      isSignedElsewhere: false,
      below: [],
      products,
    };
  },
  startRotation: async (_caller, name) => answer(known, name, view),
  readRotation: async (name) => answer(known, name, view),
  advanceRotation: async (_caller, name) => answer(known, name, view),
  abandonRotation: async (_caller, name) => answer(known, name, view),
  planCompromise: async (name) => answer(known, name, compromise),
  declareCompromise: async (_caller, name) =>
    answer(known, name, { ...compromise, campaigns: [], waiting: [], unfinished: [] }),
});

function answer<T>(known: (name: string) => void, name: string, value: T): T {
  known(name);
  return value;
}
