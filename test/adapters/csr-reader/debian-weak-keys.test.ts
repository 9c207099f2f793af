import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDebianWeakKeys } from '../../../src/adapters/csr-reader/debian-weak-keys.ts';
import { debianModulus, realRocaModulus } from '../../fixtures/bad-csr/weak-moduli.ts';

describe("the list of Debian's weak keys", () => {
  it('knows a real one and no others', () => {
    const isKnownWeakKey = openDebianWeakKeys();
    expect(isKnownWeakKey(debianModulus)).toBe(true);
    expect(isKnownWeakKey(realRocaModulus)).toBe(false);
    expect(Array.from({ length: 500 }, () => isKnownWeakKey(randomBytes(256)))).not.toContain(true);
  });

  it('stops the start when it is cut short', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weak-keys-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'moduli.bin');
    copyFileSync(join(import.meta.dirname, '../../../src/adapters/csr-reader/moduli.bin'), path);
    truncateSync(path, 4_000_000);
    expect(() => openDebianWeakKeys(path)).toThrow(expect.objectContaining({ name: 'StartError' }));
  });
});
