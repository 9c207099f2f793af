import { afterAll, expect, it } from 'vitest';
import { createCsrReader } from '#src/adapters/csr-reader/csr-reader.ts';
import { CaError } from '#src/domain/errors.ts';
import type { CsrReader } from '#src/ports/csr-reader.ts';
import { badCsrs } from '../../fixtures/bad-csr.ts';
import { buildCsr } from '../../support/csr-builder.ts';

const reader = createCsrReader();
afterAll(() => reader.close());

const outcome = (of: CsrReader, csrDer: Uint8Array): Promise<unknown> =>
  of.read(csrDer).catch((error: unknown) => {
    if (!(error instanceof CaError)) throw error;
    const { code, message, reasons } = error;
    return { code, message, reasons };
  });

const inputs = [
  buildCsr(),
  ...badCsrs.flatMap(({ make }) => {
    const csr = make();
    return typeof csr === 'string' ? [] : [csr];
  }),
];

it('reads alone and in a crowd alike: every CSR of the catalogue, with every reason', async () => {
  const alone = [];
  for (const csrDer of inputs) alone.push(await outcome(reader, csrDer));
  // The first crowd starts the thread; by the third it answers.
  for (let crowd = 0; crowd < 3; crowd++) {
    expect(await Promise.all(inputs.map((csrDer) => outcome(reader, csrDer)))).toEqual(alone);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
});

it('tells plain values only, nothing of the proof', async () => {
  const { subject, names, publicKey, ...rest } = await reader.read(buildCsr());
  expect(rest).toEqual({});
  expect(structuredClone({ subject, names, publicKey })).toEqual({ subject, names, publicKey });
});

it('reads a CSR that stands within a larger buffer, and leaves the buffer alone', async () => {
  const csrDer = buildCsr();
  // A Buffer would come back as one from this thread and as plain octets from the other.
  const larger = Uint8Array.from([...Buffer.alloc(100, 1), ...csrDer, ...Buffer.alloc(100, 2)]);
  const view = larger.subarray(100, 100 + csrDer.length);
  const together = await Promise.all(Array.from({ length: 10 }, () => reader.read(view)));
  expect(together).toEqual(Array(10).fill(await reader.read(csrDer)));
  expect(larger.subarray(100, 100 + csrDer.length)).toEqual(csrDer);
});

it('refuses one more than it may hold as overloaded, and reads on when there is room', async () => {
  const small = createCsrReader(2);
  const csrDer = buildCsr();
  const [first, second, third] = await Promise.allSettled([1, 2, 3].map(() => small.read(csrDer)));
  expect([first?.status, second?.status]).toEqual(['fulfilled', 'fulfilled']);
  expect(third).toMatchObject({ status: 'rejected', reason: { code: 'overloaded' } });
  await expect(small.read(csrDer)).resolves.toBeDefined();
  await small.close();
});
