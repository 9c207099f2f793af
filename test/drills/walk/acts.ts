/** What products, agents, operators and time do, each so often as its weight says. A refusal is an answer like any other. */
import { createHash } from 'node:crypto';
import type { Caller } from '../../../src/services/caller.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { admin } from '../../support/service-builder.ts';
import type { Chance } from './chance.ts';
import { importChain, importList } from './corporate.ts';
import { environments, guardedProfile, type KnownCertificate, productOf, profiles, type World } from './world.ts';

export interface Act {
  readonly name: string;
  readonly weight: number;
  take(world: World): Promise<unknown>;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const reason = 'a walk';

/** One of the newest, so that acts meet on the same. */
const recent = <T>(chance: Chance, all: Iterable<T>, count: number): T | undefined =>
  chance.oneOf([...all].slice(-count));
const someCertificate = ({ chance, memory }: World): KnownCertificate | undefined =>
  recent(chance, memory.certificates.values(), 40);
const someRequest = ({ chance, memory }: World) => recent(chance, memory.requests, 3);
const someEnvironment = ({ chance }: World): string => chance.oneOf(environments)!;
const someProduct = (world: World): string => `${someEnvironment(world)}/p${world.chance.below(3)}`;
const someAuthority = ({ chance }: World): string =>
  chance.oneOf(['dev-issuing', 'dev-issuing', 'dev-root', 'solo-root', 'corp-issuing', 'system'])!;
const operators = ['alice', 'bob', 'carol'];
const someOperator = ({ chance }: World): string => chance.oneOf(operators)!;
const operator = (name: string): Caller => ({ kind: 'operator', name, role: 'operator', serial: '00' });
const asProduct = ({ product, serial }: KnownCertificate): Caller => ({ kind: 'product', product, serial });
const inDays = (world: World, days: number): string => new Date((world.now() + days * day) * 1000).toISOString();

const fingerprints = async (world: World, { product }: KnownCertificate): Promise<string[]> =>
  (await world.services().trustBundle(product.split('/')[0]!)).map((der) =>
    createHash('sha256').update(der).digest('hex'),
  );

const reasons = [
  'keyCompromise',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'certificateHold',
  'unspecified',
];

/** Those that leave the service as it is, and may be taken at the same time as others. */
export const sharedActs: readonly Act[] = [
  {
    ...{ name: 'issue', weight: 30 },
    async take(world) {
      const token = world.chance.oneOf(world.memory.tokens);
      if (!token) return;
      const caller = await world.services().authenticateToken(token.secret);
      const [environment, product] = token.product.split('/');
      const { csrDer } = makeKeyRequest([`${world.chance.below(5)}.${product}.${environment}`]);
      const profile = world.chance.oneOf(profiles)!;
      const lifetimeSeconds = world.chance.oneOf([hour, day, 7 * day, 30 * day])!;
      world.remember(await world.services().submitRequest(caller, { csrDer, profile, lifetimeSeconds }), caller);
    },
  },
  {
    ...{ name: 'rotate', weight: 20 },
    async take(world) {
      const certificate = someCertificate(world);
      if (!certificate) return;
      const { record } = await world.services().readCertificate(admin, certificate.serial);
      const { csrDer } = makeKeyRequest(record.names);
      const caller = asProduct(certificate);
      world.remember(await world.services().rotateCertificate(caller, certificate.serial, { csrDer }), caller);
    },
  },
  {
    ...{ name: 'report', weight: 10 },
    async take(world) {
      const certificate = someCertificate(world);
      if (!certificate) return;
      await world.services().reportDeployment(asProduct(certificate), certificate.serial, {
        target: world.chance.oneOf(['web-1', 'web-2'])!,
        outcome: world.chance.oneOf(['deployed', 'proved', 'failed'] as const)!,
        ...{ endpoint: null, servedSerial: null, detail: null, trustSha256: await fingerprints(world, certificate) },
      });
    },
  },
  {
    ...{ name: 'revoke', weight: 6 },
    async take(world) {
      const certificate = someCertificate(world);
      const { chance } = world;
      if (certificate)
        await world.services().revokeCertificate(admin, certificate.serial, { reason: chance.oneOf(reasons)! });
    },
  },
  {
    ...{ name: 'release', weight: 4 },
    async take(world) {
      const held = [...world.memory.certificates.values()].filter(({ state }) => state === 'held');
      const certificate = world.chance.oneOf(held);
      if (certificate) await world.services().releaseCertificate(admin, certificate.serial);
    },
  },
  {
    ...{ name: 'add a product', weight: 4 },
    take: (world) => world.services().createProduct(admin, productOf(someProduct(world))),
  },
  {
    ...{ name: 'add a token', weight: 8 },
    async take(world) {
      const product = someProduct(world);
      const uses = world.chance.happens(0.3) ? 3 : null;
      const { secret } = await world.services().createToken(admin, { product, uses, lifetimeSeconds: 40 * day });
      world.memory.tokens.push({ secret, product });
    },
  },
  {
    ...{ name: 'remove a product', weight: 2 },
    async take(world) {
      const product = someProduct(world);
      for (const { serial, ...certificate } of world.memory.certificates.values()) {
        const isInTheWay = certificate.product === product && certificate.state !== 'revoked';
        if (isInTheWay && certificate.notAfter > world.now())
          await world.services().revokeCertificate(admin, serial, { reason: 'cessationOfOperation' });
      }
      await world.services().removeProduct(admin, product);
    },
  },
  {
    ...{ name: 'change a profile', weight: 3 },
    async take(world) {
      const { name, ...profile } = guardedProfile(world.chance.below(3)) as { readonly name: string };
      const environment = someEnvironment(world);
      const { version } = await world.services().readProfile(environment, name);
      await world.services().changeProfile(admin, environment, name, { ...profile, version });
    },
  },
  {
    ...{ name: 'approve', weight: 14 },
    async take(world) {
      const request = someRequest(world);
      const by = world.chance.happens(0.4) ? admin : operator(someOperator(world));
      if (request) world.remember(await world.services().approveRequest(by, request.id, reason), request.caller);
    },
  },
  {
    ...{ name: 'deny', weight: 2 },
    async take(world) {
      const request = someRequest(world);
      if (request) await world.services().denyRequest(admin, request.id, reason);
    },
  },
  {
    ...{ name: 'collect', weight: 8 },
    async take(world) {
      const request = someRequest(world);
      if (!request) return;
      const { id, caller } = request;
      world.remember(await world.services().collectRequest(caller, id, { seconds: 0 }), caller);
    },
  },
  {
    ...{ name: 'add an operator', weight: 3 },
    take: (world) =>
      world.services().addOperator(admin, {
        ...{ name: someOperator(world), role: 'operator', csrDer: makeKeyRequest([]).csrDer },
      }),
  },
  {
    ...{ name: 'remove an operator', weight: 1 },
    take: (world) => world.services().removeOperator(admin, someOperator(world)),
  },
  {
    ...{ name: 'change a role', weight: 1 },
    take: (world) =>
      world.services().changeOperatorRole(admin, someOperator(world), world.chance.oneOf(['operator', 'auditor'])!),
  },
  {
    ...{ name: 'start a campaign', weight: 3 },
    async take(world) {
      const filter = world.chance.happens(0.5)
        ? { environment: someEnvironment(world) }
        : { product: someProduct(world) };
      const rotateBy = inDays(world, 1 + world.chance.below(5));
      const revoking = world.chance.happens(0.5) ? { revokeAt: inDays(world, 7 + world.chance.below(5)) } : {};
      const { campaign } = await world.services().startCampaign(admin, { filter, rotateBy, ...revoking });
      world.memory.campaigns.push(campaign.id);
    },
  },
  ...(['pauseCampaign', 'resumeCampaign', 'abandonCampaign'] as const).map((name) => ({
    ...{ name, weight: 1 },
    async take(world: World) {
      const id = world.chance.oneOf(world.memory.campaigns);
      if (id) await world.services()[name](admin, id, {});
    },
  })),
  {
    ...{ name: 'start a rotation', weight: 4 },
    take: (world) => world.services().startRotation(admin, someAuthority(world), {}),
  },
  {
    ...{ name: 'advance a rotation', weight: 10 },
    take: (world) =>
      world.services().advanceRotation(admin, someAuthority(world), world.chance.happens(0.6) ? { reason } : {}),
  },
  {
    ...{ name: 'abandon a rotation', weight: 2 },
    take: (world) => world.services().abandonRotation(admin, someAuthority(world)),
  },
  {
    ...{ name: 'declare a compromise', weight: 1 },
    take: (world) => world.services().declareCompromise(admin, someAuthority(world), { reason }),
  },
  {
    ...{ name: 'import a chain', weight: 3 },
    take: (world) => importChain(world, world.chance.oneOf(world.corporations)!),
  },
  { ...{ name: 'import a list', weight: 2 }, take: importList },
  { ...{ name: 'keep house', weight: 20 }, take: (world) => world.service().housekeep() },
];

/** Those that come between all others. */
export const soleActs: readonly Act[] = [
  {
    ...{ name: 'wait for minutes', weight: 10 },
    take: async (world) => world.pass((1 + world.chance.below(100)) * minute),
  },
  {
    ...{ name: 'wait for hours', weight: 8 },
    take: async (world) => world.pass((1 + world.chance.below(20)) * hour),
  },
  {
    ...{ name: 'wait for days', weight: 3 },
    take: async (world) => world.pass((1 + world.chance.below(12)) * day),
  },
  { ...{ name: 'seal the vault', weight: 2 }, take: async (world) => world.power.seal() },
  { ...{ name: 'unseal the vault', weight: 6 }, take: async (world) => world.power.unseal() },
  { ...{ name: 'restart', weight: 2 }, take: (world) => world.restart() },
  { ...{ name: 'copy the home', weight: 2 }, take: (world) => world.copyHome() },
  { ...{ name: 'restore the copy', weight: 1 }, take: (world) => world.restoreCopy() },
];
