import { defineConfig } from 'vitest/config';

const scenes = 'test/interop/scenes/**/*.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        // A worker for every core, not for all but one: many files wait for the programs they started. 137 s instead of 200 s on two cores.
        extends: true,
        test: { name: 'tests', include: ['test/**/*.test.ts'], exclude: [scenes], maxWorkers: '100%' },
      },
      {
        // After everything else and one at a time: each starts a Kafka, a Spring Boot or an nginx under load of its own.
        extends: true,
        test: { name: 'scenes', include: [scenes], maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
    ...{ pool: 'forks', setupFiles: ['test/support/compile-cache.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 15_000 } },
  },
});
