import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const scenes = 'test/interop/scenes/**/*.test.ts';

/** Mocks a module of Node, which the other files have as it is. */
const alone = 'test/adapters/vault-file/rewrap.test.ts';

/** Short files with long suites. Vitest begins with the largest files, so that these would begin when all else has ended. */
const long = /(inventory-sqlite|vault-file)\/contract|offline-vault|ceremony|drills\/|interop\/(?!scenes)/;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const [first, then] = [true, false].map((isLong) =>
      sorted.filter(({ moduleId }) => long.test(moduleId) === isLong),
    );
    return [...first!, ...then!];
  }
}

// More workers than there are cores: many files wait for the programs they started. 165 s on two cores; 178 with one less.
const workers = { maxWorkers: availableParallelism() + 2 };

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/support/memory-folder.ts'],
    projects: [
      {
        // Files share a process: one for each of them would take half a second of a core more.
        extends: true,
        test: { ...workers, name: 'tests', include: ['test/**/*.test.ts'], exclude: [scenes, alone], isolate: false },
      },
      { extends: true, test: { ...workers, name: 'alone', include: [alone] } },
      {
        // After everything else and one at a time: each starts a Kafka, a Spring Boot or an nginx under load of its own.
        extends: true,
        test: { name: 'scenes', include: [scenes], maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
    ...{ pool: 'forks', setupFiles: ['test/support/compile-cache.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
    // A folder that is not there: the contexts of whoever runs the tests are none of theirs.
    env: { XDG_CONFIG_HOME: join(tmpdir(), 'privyseal-no-contexts') },
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 15_000 } },
  },
});
