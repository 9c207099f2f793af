/** What each file of a set holds. */
import { createPrivateKey } from 'node:crypto';
import type { OutputName } from '../config/agent-schema.ts';
import { type CredentialSet, derOf } from './credential-set.ts';

type Make = (set: CredentialSet, alias: string) => string | Uint8Array | Promise<string | Uint8Array>;

/** Stores are encoded only for who wants them. */
const stores = () => import('../../client/java-stores.ts');

function keyWithChain({ keyPem, certPem, chainPem }: CredentialSet) {
  const [own] = derOf(certPem);
  return { key: createPrivateKey(keyPem), chainDer: [own!, ...derOf(chainPem)] as const };
}

/** Of each output its content. */
export const contentOf: Readonly<Record<OutputName, Make>> = {
  'key.pem': ({ keyPem }) => keyPem,
  'cert.pem': ({ certPem }) => certPem,
  'fullchain.pem': ({ certPem, chainPem }) => certPem + chainPem,
  'chain.pem': ({ chainPem }) => chainPem,
  'trust.pem': ({ trustPem }) => trustPem,
  'crl.pem': ({ crlPem }) => crlPem,
  'combined.pem': ({ keyPem, certPem, chainPem }) => keyPem + certPem + chainPem,
  'keystore.p12': async (set, alias) => (await stores()).keyStoreOf(keyWithChain(set), alias, set.storePassword),
  'truststore.p12': async (set) => (await stores()).trustStoreOf(derOf(set.trustPem), set.storePassword),
  // Without a newline: Kafka and Java take the whole file for the password.
  'store-password': ({ storePassword }) => storePassword,
};
