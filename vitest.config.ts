import { defineConfig } from 'vitest/config';

export default defineConfig({
  // A worker for every core, not for all but one: many files wait for the programs they started. 137 s instead of 200 s on two cores.
  test: { include: ['test/**/*.test.ts'], pool: 'forks', maxWorkers: '100%', testTimeout: 60_000, hookTimeout: 60_000 },
});
