/** Enrolment tokens: made for one product and some of its profiles, shown once, and taken away. */
import type { Reason } from '../../domain/errors.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { EnrolmentToken } from '../../domain/records/environment.ts';
import { refuseIfAny } from '../../domain/refusal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { formatToken, hashTokenSecret } from '../authenticate-caller.ts';
import { actorOf } from '../caller.ts';
import { namePage } from '../inventory/name-pages.ts';
import { refuseUnknown } from '../inventory/unknown-filters.ts';
import { noSuch } from '../no-such.ts';
import type { RegistryServices, TokenInput, TokenView } from './registry-services.ts';

export interface TokenDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Called after a token was removed: nothing may be done with it any more. */
  readonly tokenRemoved: (id: string) => void;
}

type TokenServices = Pick<RegistryServices, 'createToken' | 'removeToken' | 'listTokens'>;

export const createTokenServices = (deps: TokenDeps): TokenServices => ({
  async createToken(caller, input) {
    const product = await deps.inventory.product(input.product);
    if (!product) throw noSuch('product', input.product);
    const profiles = input.profiles ?? product.profiles;
    refuseIfAny(judgeProfiles(profiles, product.profiles));
    const { token, secret } = newToken(deps, { ...input, profiles, createdBy: actorOf(caller) });
    await deps.inventory.createToken(token, {
      at: token.createdAt,
      kind: 'token.created',
      actor: token.createdBy,
      object: `token:${token.id}`,
      details: { product: token.product, profiles: profiles.join(' '), uses: input.uses, expiresAt: token.expiresAt },
    });
    return { token: viewOf(token), secret };
  },

  async removeToken(caller, id) {
    const token = await deps.inventory.token(id);
    const removed =
      token !== undefined &&
      (await deps.inventory.removeToken(id, {
        at: deps.clock.now(),
        kind: 'token.removed',
        actor: actorOf(caller),
        object: `token:${id}`,
        details: { product: token.product, usesLeft: token.usesLeft },
      }));
    if (!removed) throw noSuch('token', id);
    deps.tokenRemoved(id);
  },

  async listTokens({ product, ...page }) {
    const where = product === undefined ? {} : { product };
    await refuseUnknown(deps.inventory, { owner: product });
    const found = await namePage(page, idOf, (query) => deps.inventory.tokens({ ...query, ...where }));
    return { ...found, items: found.items.map(viewOf) };
  },
});

const idOf = ({ id }: EnrolmentToken): string => id;

interface Wanted extends TokenInput {
  readonly profiles: readonly string[];
  readonly createdBy: string;
}

/** 256 bits of secret, of which only the hash is kept: SHA-256 is enough for what nobody can guess. */
export function newToken(
  { clock, randomness }: Pick<TokenDeps, 'clock' | 'randomness'>,
  { product, profiles, uses, lifetimeSeconds, createdBy }: Wanted,
): { readonly token: EnrolmentToken; readonly secret: string } {
  const id = Buffer.from(randomness.bytes(8)).toString('hex');
  const secret = Buffer.from(randomness.bytes(32)).toString('base64url');
  const createdAt = clock.now();
  const token = {
    id,
    product,
    profiles,
    secretSha256: hashTokenSecret(secret),
    usesLeft: uses,
    expiresAt: createdAt + lifetimeSeconds * 1000,
    createdAt,
    createdBy,
  };
  return { token, secret: formatToken(id, secret) };
}

/** A token never gives more than its product has. */
const judgeProfiles = (wanted: readonly string[], allowed: readonly string[]): readonly Reason[] =>
  wanted.flatMap((name, index): Reason[] => {
    if (allowed.includes(name)) return [];
    const message = `The product may not use this profile. It may use: ${allowed.join(', ')}.`;
    return [{ code: 'profileNotAllowed', field: `profiles[${index}]`, message, value: printable(name) }];
  });

function viewOf({ secretSha256: _secretSha256, ...token }: EnrolmentToken): TokenView {
  return token;
}
