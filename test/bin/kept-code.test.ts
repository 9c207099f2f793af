/** V8 refuses compiled code that was kept under other flags than its own, and a start that compiles everything takes a half longer. */
import { expect, it } from 'vitest';
import { runProgram } from '../support/program-run.ts';
import { suiteFolder } from '../support/suite-folder.ts';

const inFolder = suiteFolder();

/** The modules that a verb loads, and what V8 said of their compiled code in the cache. */
async function loadsOf(...args: string[]): Promise<Map<string, string>> {
  // A service with such a port has loaded all of itself before it refuses to start.
  const env = { NODE_DEBUG_NATIVE: 'compile_cache', PRIVYSEAL_PUBLIC_PORT: 'none' };
  const { stderr } = await runProgram(inFolder('data'), args, env);
  const told = stderr.matchAll(/V8 code cache for \S+ (\S+) was (accepted|rejected|not initialized)/g);
  return new Map([...told].map(([, module = '', answer = '']) => [module, answer]));
}

it('a service finds its compiled code as it left it, whatever verb ran in between', async () => {
  await loadsOf('serve');
  const between = await loadsOf('--version');
  const again = await loadsOf('serve');
  const both = [...between.keys()].filter((module) => module.includes('/src/') && again.has(module));
  expect(both.length).toBeGreaterThan(0);
  expect(both.filter((module) => again.get(module) !== 'accepted')).toEqual([]);
});
