/** What each file of a set holds. */
import type { OutputName } from '../config/agent-schema.ts';
import type { CredentialSet } from './credential-set.ts';

type Make = (set: CredentialSet, alias: string) => string | Uint8Array | Promise<string | Uint8Array>;

/** Stores are encoded only for who wants them. */
const stores = () => import('./encode-stores.ts');

/** Of each output its content. */
export const contentOf: Readonly<Record<OutputName, Make>> = {
  'key.pem': ({ keyPem }) => keyPem,
  'cert.pem': ({ certPem }) => certPem,
  'fullchain.pem': ({ certPem, chainPem }) => certPem + chainPem,
  'chain.pem': ({ chainPem }) => chainPem,
  'trust.pem': ({ trustPem }) => trustPem,
  'crl.pem': ({ crlPem }) => crlPem,
  'combined.pem': ({ keyPem, certPem, chainPem }) => keyPem + certPem + chainPem,
  'keystore.p12': async (set, alias) => (await stores()).keyStoreOf(set, alias),
  'truststore.p12': async (set) => (await stores()).trustStoreOf(set),
  // Without a newline: Kafka and Java take the whole file for the password.
  'store-password': ({ storePassword }) => storePassword,
};
