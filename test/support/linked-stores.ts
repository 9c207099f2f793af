/** Stores for Java as the agent keeps them: `current` leads to the newest set, and moves in one step; links beside it lead into it. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeKeyStore, encodeTrustStore } from '../../src/domain/keystore/pkcs12.ts';
import type { TestCertificate } from './test-hierarchy.ts';

export interface LinkedStores {
  /** Absolute path of `current`. */
  readonly current: string;
  readonly password: string;
  /** A new set with key, certificate and roots, and `current` on it; the certificate's serial. */
  use(certificate: TestCertificate, ...roots: readonly TestCertificate[]): string;
}

export function linkedStores(folder: string): LinkedStores {
  const [password, current] = ['changeit', join(folder, 'current')];
  let count = 0;
  return {
    current,
    password,
    use(certificate, ...roots) {
      count += 1;
      const set = join('sets', String(count));
      mkdirSync(join(folder, set), { recursive: true });
      const secrets = { password, macSalt: randomBytes(16), keySalt: randomBytes(16), keyIv: randomBytes(16) };
      const privateKeyDer = certificate.key.privateKey.export({ type: 'pkcs8', format: 'der' });
      const keystore = encodeKeyStore({ privateKeyDer, chainDer: [certificate.der], alias: 'privyseal', ...secrets });
      const trusted = roots.map(({ der }, index) => ({ alias: `root-${index}`, der }));
      writeFileSync(join(folder, set, 'keystore.p12'), keystore);
      writeFileSync(join(folder, set, 'truststore.p12'), encodeTrustStore(trusted, secrets));
      symlinkSync(set, join(folder, 'next'));
      renameSync(join(folder, 'next'), current);
      for (const store of count === 1 ? ['keystore.p12', 'truststore.p12'] : []) {
        symlinkSync(join('current', store), join(folder, store));
      }
      return certificate.serial;
    },
  };
}
