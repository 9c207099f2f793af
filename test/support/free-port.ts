/** Ports that nobody else gets by chance, so that what was stopped or killed finds its own free again. */
import { createServer } from 'node:net';

/**
 * Linux gives outgoing connections, and listeners on port 0, what lies above 32,767. Each of vitest's processes has a
 * range of its own below, and begins somewhere in it: another run may go on beside this one.
 */
const range = 2_000;
const first = 12_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 10) * range;
let at = 2 * Math.floor((Math.random() * range) / 2);

/** Free on every address a moment ago. The number above it is not given to anybody, for servers that take two. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < range; tried += 2) {
    const port = first + at;
    at = (at + 2) % range;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is free from ${first} to ${first + range - 1}`);
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const probe = createServer().once('error', () => done(false));
    probe.listen(port, () => probe.close(() => done(true)));
  });
