/** The environment that the tests give to the programs they start. */

/** This process's environment without what settings of its own would change in a program started with it. */
export const ownEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PRIVYSEAL|VITEST|NODE_)/.test(name)));
