import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCounter, createHistogram } from '../../../src/services/metrics/instruments.ts';

const described = { name: 'privyseal_test', help: 'A test' };
const sampleOf = (samples: readonly { suffix: string; labels: object; value: number }[], suffix: string, labels = {}) =>
  samples.find((sample) => sample.suffix === suffix && JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;

describe('a counter', () => {
  it('counts by label values, and shows 0 for what was only announced', () => {
    const counter = createCounter({ ...described, labels: ['face', 'code'] });
    counter.add(['public', 'badCSR'], 0);
    counter.add(['admin', 'badCSR']);
    counter.add(['admin', 'badCSR'], 2);
    expect(counter.family().samples).toEqual([
      { suffix: '_total', labels: { face: 'public', code: 'badCSR' }, value: 0 },
      { suffix: '_total', labels: { face: 'admin', code: 'badCSR' }, value: 3 },
    ]);
  });

  it('never has more than 1001 series, and loses no event', () => {
    const counter = createCounter({ ...described, labels: ['name'] });
    for (let index = 0; index < 5000; index++) counter.add([`name ${index}`]);
    const { samples } = counter.family();
    expect(samples).toHaveLength(1001);
    expect(sampleOf(samples, '_total', { name: 'other' })).toBe(4000);
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(5000);
  });
});

describe('a histogram', () => {
  it('puts every value into all buckets that reach it, bounds included', () => {
    const seconds = fc.array(fc.oneof(fc.constantFrom(0.1, 1, 10), fc.double({ min: 0, max: 20, noNaN: true })));
    fc.assert(
      fc.property(seconds, (values) => {
        const bounds = [0.1, 1, 10];
        const histogram = createHistogram({ ...described, labels: [] }, bounds);
        for (const value of values) histogram.observe([], value);
        const { samples } = histogram.family();
        if (values.length === 0) return samples.length === 0;
        const counted = (limit: number) => values.filter((value) => value <= limit).length;
        expect(
          samples.filter(({ suffix }) => suffix === '_bucket').map(({ labels, value }) => [labels.le, value]),
        ).toEqual([
          ['0.1', counted(0.1)],
          ['1.0', counted(1)],
          ['10.0', counted(10)],
          ['+Inf', values.length],
        ]);
        expect(sampleOf(samples, '_count')).toBe(values.length);
        expect(sampleOf(samples, '_sum')).toBeCloseTo(values.reduce((sum, value) => sum + value, 0));
        return true;
      }),
    );
  });
});
