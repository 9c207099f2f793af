/** The services of products, profiles and tokens, answering well for `dev/demo`, `dev/server` and one token. */
import type { ProductVersion } from '../../src/domain/records/environment.ts';
import type { RegistryServices, TokenView } from '../../src/services/registry/registry-services.ts';
import { storedProfile } from './inventory-builders.ts';
import { testNow } from './test-hierarchy.ts';

export const demoProduct: ProductVersion = {
  id: 'dev/demo',
  environment: 'dev',
  version: 2,
  nameRules: [{ kind: 'exact', value: 'demo.dev.internal' }],
  profiles: ['server'],
  contacts: ['team@dev.internal'],
  alerts: 'all',
  createdAt: testNow * 1000,
  removedAt: null,
};

const demoTokenView: TokenView = {
  id: '0123456789abcdef',
  product: 'dev/demo',
  profiles: ['server'],
  usesLeft: 3,
  expiresAt: testNow * 1000 + 60_000,
  createdAt: testNow * 1000,
  createdBy: 'operator:the-admin',
};

export const registryDouble: RegistryServices = {
  createProduct: async () => demoProduct,
  changeProduct: async () => demoProduct,
  removeProduct: async () => undefined,
  readProduct: async () => demoProduct,
  listProducts: async () => ({ items: [demoProduct], nextCursor: null }),
  createProfile: async () => storedProfile(),
  changeProfile: async () => storedProfile(),
  readProfile: async () => storedProfile(),
  listProfiles: async () => ({ items: [storedProfile()], nextCursor: null }),
  createToken: async () => ({ token: demoTokenView, secret: 'pst_secret' }),
  removeToken: async () => undefined,
  listTokens: async () => ({ items: [demoTokenView], nextCursor: null }),
};
