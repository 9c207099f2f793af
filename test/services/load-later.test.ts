import { describe, expect, it } from 'vitest';
import { loadLater } from '../../src/services/load-later.ts';

interface Greetings {
  greet(name: string): Promise<string>;
  part(): Promise<string>;
}

const names = { greet: 'later', part: 'later' } as const;

const greetings: Greetings = {
  greet: async (name) => `Good day, ${name}.`,
  part: async () => 'Farewell.',
};

describe('services that are loaded later', () => {
  it('are not loaded before one is asked for', async () => {
    let loads = 0;
    const later = loadLater<Greetings>(names, async () => {
      loads += 1;
      return greetings;
    });
    expect(loads).toBe(0);
    expect(await later.part()).toBe('Farewell.');
    expect(loads).toBe(1);
  });

  it('are loaded once for all who ask at the same time', async () => {
    let loads = 0;
    const later = loadLater<Greetings>(names, async () => {
      loads += 1;
      return greetings;
    });
    const answers = await Promise.all([later.greet('Ada'), later.greet('Grace'), later.part()]);
    expect(answers).toEqual(['Good day, Ada.', 'Good day, Grace.', 'Farewell.']);
    expect(loads).toBe(1);
  });

  it('are loaded by the next who asks after a load that failed', async () => {
    let loads = 0;
    const later = loadLater<Greetings>(names, async () => {
      loads += 1;
      if (loads === 1) throw new Error('EMFILE');
      return greetings;
    });
    await expect(later.part()).rejects.toThrow('EMFILE');
    expect(await later.part()).toBe('Farewell.');
  });

  it('reject as the service does', async () => {
    const later = loadLater<Greetings>(names, async () => ({
      ...greetings,
      greet: () => Promise.reject(new Error('nobody is there')),
    }));
    await expect(later.greet('Ada')).rejects.toThrow('nobody is there');
  });
});
