import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RotationState } from '../../../src/domain/records/authority-rotation.ts';
import {
  judgeStep,
  mayBeAbandoned,
  mayBeForced,
  type RotationCondition,
  type RotationFacts,
  rotationSteps,
} from '../../../src/domain/rotation/authority-steps.ts';

const conditions = Object.keys(mayBeForced) as RotationCondition[];
const states = Object.keys(rotationSteps) as RotationState[];

const arbitraryFacts: fc.Arbitrary<RotationFacts> = fc
  .tuple(...conditions.map(() => fc.array(fc.constantFrom('dev/a', 'dev/b'), { maxLength: 2 })))
  .map((who) => Object.fromEntries(conditions.map((condition, index) => [condition, who[index]!])) as never);

/** One attempt: what holds then, and whether a person overrules it. */
const arbitraryAttempt = fc.record({ facts: arbitraryFacts, isForced: fc.boolean() });

const allHold = Object.fromEntries(conditions.map((condition) => [condition, []])) as unknown as RotationFacts;

describe('the steps of a rotation', () => {
  it('lead from its beginning to its end in one line, each state once', () => {
    const path: RotationState[] = ['preparing'];
    for (let verdict = judgeStep('preparing', allHold, false); verdict.kind === 'go'; ) {
      path.push(verdict.to);
      verdict = judgeStep(verdict.to, allHold, false);
    }
    expect(path).toEqual(['preparing', 'prepared', 'trusted', 'issuing', 'retiring', 'retired']);
  });

  it('go nowhere from an end', () => {
    for (const state of ['retired', 'abandoned'] as const) {
      expect(judgeStep(state, allHold, true)).toEqual({ kind: 'ended' });
      expect(mayBeAbandoned[state]).toBe(false);
    }
  });

  it('never pass a condition that does not hold, unless it was forced and is named as that', () => {
    fc.assert(
      fc.property(fc.array(arbitraryAttempt, { maxLength: 40 }), (attempts) => {
        let state: RotationState = 'preparing';
        for (const { facts, isForced } of attempts) {
          const step = rotationSteps[state];
          const verdict = judgeStep(state, facts, isForced);
          const unmet = (step?.conditions ?? []).filter((condition) => facts[condition].length > 0);
          if (verdict.kind === 'go') {
            expect(verdict.to).toBe(step?.to);
            expect(verdict.forced.map(({ condition }) => condition)).toEqual(unmet);
            if (unmet.length > 0) expect(isForced && unmet.every((condition) => mayBeForced[condition])).toBe(true);
            state = verdict.to;
          } else if (verdict.kind === 'refused') {
            const stays = isForced ? unmet.filter((condition) => !mayBeForced[condition]) : unmet;
            expect(stays.length).toBeGreaterThan(0);
            expect(verdict.obstacles.map(({ condition }) => condition)).toEqual(stays);
            for (const { condition, who } of verdict.obstacles) expect(who).toEqual(facts[condition]);
          } else expect(step).toBeNull();
        }
      }),
    );
  });

  it('reach a state only over every one before it', () => {
    const order: readonly RotationState[] = ['preparing', 'prepared', 'trusted', 'issuing', 'retiring', 'retired'];
    fc.assert(
      fc.property(fc.array(arbitraryAttempt, { maxLength: 40 }), (attempts) => {
        const seen: RotationState[] = ['preparing'];
        for (const { facts, isForced } of attempts) {
          const verdict = judgeStep(seen.at(-1)!, facts, isForced);
          if (verdict.kind === 'go') seen.push(verdict.to);
        }
        expect(seen).toEqual(order.slice(0, seen.length));
      }),
    );
  });

  it('cannot be forced past what is not there', () => {
    for (const state of ['preparing', 'prepared', 'trusted'] as const) {
      const verdict = judgeStep(state, { ...allHold, certified: ['dev-root.2: certificate own'] }, true);
      expect(verdict).toMatchObject({ kind: 'refused', obstacles: [{ condition: 'certified' }] });
    }
  });

  it('can be taken back exactly until something was issued', () => {
    expect(states.filter((state) => mayBeAbandoned[state])).toEqual(['preparing', 'prepared', 'trusted']);
  });
});
