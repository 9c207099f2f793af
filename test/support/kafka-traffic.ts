/** Lines that flow through a topic while something is done to its broker, and what came out of it. */
import type { Background } from './background.ts';
import { eventually } from './eventually.ts';

export interface Traffic {
  /** Waits until a line that is written from now on has come out at the other end. */
  flows(): Promise<void>;
  /** Stops writing and waits for the rest. Resolves with every line that was written, and every line that was read. */
  end(): Promise<{ readonly written: readonly string[]; readonly read: readonly string[] }>;
}

/** Fifty numbered lines a second into the example's producer; what its consumer says is taken for what came out. */
export function startTraffic(producer: Background, consumer: Background): Traffic {
  const written: string[] = [];
  const timer = setInterval(() => {
    written.push(`m${written.length + 1}`);
    producer.input.write(`${written.at(-1)}\n`);
  }, 20);
  const read = (): string[] => [...consumer.output().matchAll(/^got (m\d+)$/gm)].map(([, line]) => line!);
  const hasCome = async (line: string): Promise<void> => {
    const alive = (): boolean => {
      if (producer.running && consumer.running) return read().includes(line);
      throw new Error(`a client ended:\n${producer.output()}\n${consumer.output()}`);
    };
    await eventually(alive, (came) => came);
  };
  return {
    flows: () => hasCome(`m${written.length + 1}`),
    async end() {
      clearInterval(timer);
      await hasCome(written.at(-1)!);
      producer.input.end();
      await producer.ended;
      return { written, read: read() };
    },
  };
}
