/** The guarded steps of an authority's rotation: which follows which, and what must hold before each. Pure data and judgement. */
import { leastLifetimeSeconds } from '../policy/service-profiles.ts';
import type { RotationState } from '../records/authority-rotation.ts';

/** What must hold; each is told by those who stand in its way. */
export type RotationCondition =
  | 'certified' // the new generation has its certificate and, for a root, both crosses
  | 'keySigns' // the vault of the new generation signs with its key: from here on nothing else would
  | 'published' // its list can be had, for clients that ask for one
  | 'rootTrusted' // every product's targets have reported that they trust the new root
  | 'serversMoved' // the service's own servers show certificates of the new generation
  | 'authoritiesMoved' // the authorities below have certificates of the new generation
  | 'operatorsMoved' // every operator has a certificate of the new generation
  | 'serviceRootLearned' // every product's targets have been heard of since the service's new root is there
  | 'certificatesMoved'; // no certificate of the old generation is in use

/** What a person may overrule with a written reason; without a certificate there is nothing to go on with. */
export const mayBeForced: Readonly<Record<RotationCondition, boolean>> = {
  certified: false,
  keySigns: true,
  published: true,
  rootTrusted: true,
  serversMoved: true,
  authoritiesMoved: true,
  operatorsMoved: true,
  serviceRootLearned: true,
  certificatesMoved: true,
};

export interface RotationStep {
  readonly to: RotationState;
  readonly conditions: readonly RotationCondition[];
}

/** From each state the one step forward; null at the ends. */
export const rotationSteps: Readonly<Record<RotationState, RotationStep | null>> = {
  preparing: { to: 'prepared', conditions: ['certified'] },
  prepared: { to: 'trusted', conditions: ['certified', 'rootTrusted'] },
  trusted: { to: 'issuing', conditions: ['certified', 'keySigns', 'published'] },
  issuing: { to: 'retiring', conditions: ['keySigns', 'serversMoved'] },
  retiring: {
    to: 'retired',
    conditions: [
      'keySigns',
      'authoritiesMoved',
      'serversMoved',
      'operatorsMoved',
      'serviceRootLearned',
      'certificatesMoved',
    ],
  },
  retired: null,
  abandoned: null,
};

/** Whether a certificate of an authority that ends at `notAfter` is good for anything to come. Unix seconds, both. */
export const hasTimeLeft = (notAfter: number, now: number): boolean => notAfter - now >= leastLifetimeSeconds;

/** Until something was issued by the new generation, it can be given up as if it had never been. */
export const mayBeAbandoned: Readonly<Record<RotationState, boolean>> = {
  preparing: true,
  prepared: true,
  trusted: true,
  issuing: false,
  retiring: false,
  retired: false,
  abandoned: false,
};

/** Who stands in the way of each condition, in words that may be printed; it holds when nobody does. */
export type RotationFacts = Readonly<Record<RotationCondition, readonly string[]>>;

/** A condition that does not hold, and because of whom. */
export interface RotationObstacle {
  readonly condition: RotationCondition;
  readonly who: readonly string[];
}

export type StepVerdict =
  | { readonly kind: 'ended' }
  | { readonly kind: 'refused'; readonly to: RotationState; readonly obstacles: readonly RotationObstacle[] }
  /** `forced`: what did not hold, and was overruled. */
  | { readonly kind: 'go'; readonly to: RotationState; readonly forced: readonly RotationObstacle[] };

/** `isForced`: a person has written down why what does not hold is to be overruled. */
export function judgeStep(state: RotationState, facts: RotationFacts, isForced: boolean): StepVerdict {
  const step = rotationSteps[state];
  if (!step) return { kind: 'ended' };
  const obstacles = step.conditions
    .filter((condition) => facts[condition].length > 0)
    .map((condition) => ({ condition, who: facts[condition] }));
  const stays = isForced ? obstacles.filter(({ condition }) => !mayBeForced[condition]) : obstacles;
  if (stays.length > 0) return { kind: 'refused', to: step.to, obstacles: stays };
  return { kind: 'go', to: step.to, forced: obstacles };
}
