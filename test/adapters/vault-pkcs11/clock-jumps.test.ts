import { afterEach, describe, expect, it, vi } from 'vitest';
import { ckr } from '#src/adapters/vault-pkcs11/cryptoki-numbers.ts';
import { SessionPool } from '#src/adapters/vault-pkcs11/session-pool.ts';
import { TokenConnection } from '#src/adapters/vault-pkcs11/token-connection.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const hourMs = 3_600_000;
const entry = new URL('../../fixtures/pkcs11/slow-process.ts', import.meta.url);

it('a machine that stood still for an hour takes no module for hung whose answer it has not heard yet', async () => {
  const connection = new TokenConnection({ entry, env: process.env, sessions: 1 });
  const answer = connection.ask('listKeys', null, 60_000);
  const before = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => before + hourMs);
  await expect(answer).resolves.toBeNull();
  await connection.close();
});

describe('a wall clock that is put right', () => {
  it('forwards makes no module look hung that only takes its time', async () => {
    const connection = new TokenConnection({ entry, env: process.env, sessions: 1 });
    const answer = connection.ask('listKeys', null, 60_000);
    const wall = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => wall + hourMs);
    await expect(answer).resolves.toBeNull();
    await connection.close();
  });

  it('backwards does not put off asking a token again that had no session left', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    let isFull = true;
    let opened = 0;
    const pool = new SessionPool({
      most: 2,
      open() {
        if (opened > 0 && isFull) throw Object.assign(new Error('CKR_SESSION_COUNT'), { code: ckr.sessionCount });
        return Buffer.from([++opened]);
      },
      close: () => {},
    });
    const { promise: never } = Promise.withResolvers<void>();
    void pool.use(() => never);
    const second = pool.use(async (session) => session[0]);
    isFull = false;
    vi.advanceTimersByTime(6000);
    vi.setSystemTime(Date.now() - hourMs);
    await expect(pool.use(async (session) => session[0])).resolves.toBe(2);
    await expect(second).resolves.toBe(2);
  });
});
