/** The keys of a token: pairs of objects of one CKA_ID, whose private half carries the key's name as its label. */
import type { KeyType } from '../../domain/x509/key-type.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import type { VaultKey } from '../../ports/vault.ts';
import type { Attribute, Cryptoki, ObjectHandle, SessionHandle } from './cryptoki.ts';
import { cka, cko, ckr } from './cryptoki-numbers.ts';
import { returnValueOf, TokenFault } from './token-fault.ts';
import {
  keyRecipes,
  type PublicKeyFacts,
  privateTemplate,
  publicAttributes,
  publicTemplate,
  readPublicKey,
} from './token-objects.ts';

export interface TokenKey extends VaultKey {
  readonly privateHandle: ObjectHandle;
  readonly publicHandle: ObjectHandle;
  /** CKA_ALWAYS_AUTHENTICATE: the PIN again for each signature. */
  readonly alwaysAuthenticate: boolean;
  /** Not sensitive, or extractable: the token would give it away. */
  readonly leaves: boolean;
}

export interface NewKey {
  readonly name: string;
  readonly type: KeyType;
  readonly id: Buffer;
}

/** Every error of the module passes through as it is. */
export class TokenKeys {
  readonly #cryptoki: Cryptoki;
  readonly #session: SessionHandle;

  constructor(cryptoki: Cryptoki, session: SessionHandle) {
    this.#cryptoki = cryptoki;
    this.#session = session;
  }

  /** By name; without those that no authority could have, and without halves. */
  list(): readonly VaultKey[] {
    return this.#pairs([{ type: cka.class, value: cko.privateKey }])
      .map(({ name, type, publicKeyDer }) => ({ name, type, publicKeyDer }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** TokenFault `refused` when several keys have the name: none is better than the wrong one. */
  named(name: string): TokenKey | undefined {
    const [key, another] = this.#named(name);
    if (another) throw several(name);
    return key;
  }

  find(name: string, sha256: string): TokenKey | undefined {
    return this.#named(name).find(({ publicKeyDer }) => publicKeySha256(publicKeyDer) === sha256);
  }

  async create({ name, type, id }: NewKey, session: SessionHandle): Promise<VaultKey> {
    if (this.#objects(privateHalf(name)).length > 0) {
      throw new TokenFault('conflict', `The token already holds a key named ${name}.`);
    }
    const recipe = keyRecipes[type];
    const mechanism = { mechanism: recipe.mechanism, parameter: null };
    const templates = [publicTemplate(name, id, recipe), privateTemplate(name, id)] as const;
    const { publicKey } = await this.#cryptoki.C_GenerateKeyPairAsync(session, mechanism, ...templates);
    const facts = this.#publicFacts(publicKey);
    if (facts?.type === type) return { name, ...facts };
    throw new TokenFault('notSupported', `The token made another key than ${type}.`);
  }

  /** The private half first: what a crash leaves is no key. TokenFault `refused` when several keys have the name: one is another's. */
  destroy(name: string, session: SessionHandle): void {
    const key = this.named(name);
    if (!key) throw new TokenFault('notFound', 'The token does not hold this key.');
    if (this.#objects(privateHalf(name)).length > 1) throw several(name);
    this.#cryptoki.C_DestroyObject(session, key.privateHandle);
    this.#cryptoki.C_DestroyObject(session, key.publicHandle);
  }

  #named(name: string): TokenKey[] {
    return this.#pairs(privateHalf(name));
  }

  #pairs(template: readonly Attribute[]): TokenKey[] {
    return this.#objects(template).flatMap((privateHandle) => {
      const name = this.#attribute(privateHandle, cka.label)?.toString('utf8') ?? '';
      const id = this.#attribute(privateHandle, cka.id) ?? nothing;
      const half = id.length === 0 ? undefined : this.#publicHalfOf(name, id);
      if (!half) return [];
      const { publicHandle, ...facts } = half;
      const leaves =
        this.#flag(privateHandle, cka.sensitive) === false || this.#flag(privateHandle, cka.extractable) === true;
      const alwaysAuthenticate = this.#flag(privateHandle, cka.alwaysAuthenticate) === true;
      return [{ name, ...facts, privateHandle, publicHandle, alwaysAuthenticate, leaves }];
    });
  }

  /** Others may have given their keys the same CKA_ID. Undefined where it cannot be told which half belongs to the private one. */
  #publicHalfOf(name: string, id: Buffer): (PublicKeyFacts & Pick<TokenKey, 'publicHandle'>) | undefined {
    const all = this.#objects(publicHalf(id));
    const own = all.filter((handle) => this.#attribute(handle, cka.label)?.toString('utf8') === name);
    const isAlone = own.length === 0 && this.#objects(privateHalves(id)).length === 1;
    const [first, ...more] = (isAlone ? all : own).flatMap((publicHandle) => {
      const facts = this.#publicFacts(publicHandle);
      return facts ? [{ ...facts, publicHandle }] : [];
    });
    const isSame = more.every(({ publicKeyDer }) => Buffer.compare(publicKeyDer, first!.publicKeyDer) === 0);
    return isSame ? first : undefined;
  }

  #publicFacts(handle: ObjectHandle): PublicKeyFacts | undefined {
    const kind = this.#attribute(handle, cka.keyType)?.readUIntLE(0, 4) ?? -1;
    const wanted = publicAttributes.get(kind);
    return (
      wanted &&
      readPublicKey(
        kind,
        wanted.map((type) => this.#attribute(handle, type) ?? nothing),
      )
    );
  }

  #flag(handle: ObjectHandle, type: number): boolean | undefined {
    const value = this.#attribute(handle, type);
    return value === undefined || value.length === 0 ? undefined : value[0] !== 0;
  }

  /** One by one: a token that does not know one of several refuses them all. */
  #attribute(handle: ObjectHandle, type: number): Buffer | undefined {
    try {
      return this.#cryptoki.C_GetAttributeValue(this.#session, handle, [{ type }])[0]?.value;
    } catch (error) {
      if (isUnknownAttribute(error)) return undefined;
      throw error;
    }
  }

  #objects(template: readonly Attribute[]): ObjectHandle[] {
    this.#cryptoki.C_FindObjectsInit(this.#session, template);
    try {
      const found: ObjectHandle[] = [];
      for (;;) {
        const some = this.#cryptoki.C_FindObjects(this.#session, atOnce);
        found.push(...some);
        if (some.length < atOnce) return found;
      }
    } finally {
      this.#cryptoki.C_FindObjectsFinal(this.#session);
    }
  }
}

const atOnce = 100;
const nothing = Buffer.alloc(0);

const privateHalf = (name: string): Attribute[] => [
  { type: cka.class, value: cko.privateKey },
  { type: cka.label, value: name },
];

const privateHalves = (id: Buffer): Attribute[] => [
  { type: cka.class, value: cko.privateKey },
  { type: cka.id, value: id },
];

const several = (name: string): TokenFault => new TokenFault('refused', `The token holds several keys named ${name}.`);

const publicHalf = (id: Buffer): Attribute[] => [
  { type: cka.class, value: cko.publicKey },
  { type: cka.id, value: id },
];

const isUnknownAttribute = (error: unknown): boolean => {
  const value = returnValueOf(error);
  return value === ckr.attributeTypeInvalid || value === ckr.attributeSensitive;
};
