/** What the owner of a token does by hand, without this service: log in, make keys of their own templates, look at attributes. */

import type { Attribute, Cryptoki, ObjectHandle, SessionHandle } from '#src/adapters/vault-pkcs11/cryptoki.ts';
import { cka, ckf, ckm, cko, cku } from '#src/adapters/vault-pkcs11/cryptoki-numbers.ts';
import { findSlot } from '#src/adapters/vault-pkcs11/find-slot.ts';
import { keyRecipes, privateTemplate, publicTemplate } from '#src/adapters/vault-pkcs11/token-objects.ts';
import { type SoftwareToken, softwareModule } from '../../support/software-token.ts';

export interface TokenOwner {
  readonly cryptoki: Cryptoki;
  readonly session: SessionHandle;
  /** A P-256 key pair whose private half differs from the service's by `changes`. */
  makeKey(name: string, changes: readonly Attribute[], id?: Buffer): Promise<void>;
  /** Of the private key of this name. */
  flag(name: string, type: number): boolean;
  /** Objects of this label. */
  count(label: string): { readonly private: number; readonly public: number };
  relabelPublic(label: string, to: string): void;
}

/** What the service never does. */
type Changing = Cryptoki & {
  C_SetAttributeValue(session: SessionHandle, object: ObjectHandle, template: readonly Attribute[]): void;
};

/** Logged in with a session for reading and writing while `work` runs. */
export async function asOwner<T>(token: SoftwareToken, work: (owner: TokenOwner) => Promise<T>): Promise<T> {
  const { default: pkcs11js } = await import('pkcs11js');
  const cryptoki = new pkcs11js.PKCS11();
  process.env.SOFTHSM2_CONF = token.env.SOFTHSM2_CONF;
  cryptoki.load(softwareModule);
  cryptoki.C_Initialize({ flags: ckf.osLockingOk });
  try {
    const address = { modulePath: softwareModule, label: token.label, sessions: 1, readWriteSessions: true };
    const { slot } = findSlot(cryptoki, address);
    const session = cryptoki.C_OpenSession(slot, ckf.serialSession | ckf.rwSession);
    cryptoki.C_Login(session, cku.user, token.pin);
    return await work(owner(cryptoki, session));
  } finally {
    cryptoki.C_Finalize();
    delete process.env.SOFTHSM2_CONF;
  }
}

function owner(cryptoki: Cryptoki, session: SessionHandle): TokenOwner {
  const labelled = (kind: number, label: string) => {
    cryptoki.C_FindObjectsInit(session, [
      { type: cka.class, value: kind },
      { type: cka.label, value: label },
    ]);
    const handles = cryptoki.C_FindObjects(session, 10);
    cryptoki.C_FindObjectsFinal(session);
    return handles;
  };
  return {
    count: (label) => ({
      private: labelled(cko.privateKey, label).length,
      public: labelled(cko.publicKey, label).length,
    }),
    relabelPublic(label, to) {
      for (const handle of labelled(cko.publicKey, label)) {
        (cryptoki as Changing).C_SetAttributeValue(session, handle, [{ type: cka.label, value: to }]);
      }
    },
    cryptoki,
    session,
    async makeKey(name, changes, id = Buffer.from(`id of ${name}`)) {
      const changed = new Set(changes.map(({ type }) => type));
      const template = privateTemplate(name, id).filter(({ type }) => !changed.has(type));
      const mechanism = { mechanism: ckm.ecKeyPairGen, parameter: null };
      const publicHalf = publicTemplate(name, id, keyRecipes['ec-p256']);
      await cryptoki.C_GenerateKeyPairAsync(session, mechanism, publicHalf, [...template, ...changes]);
    },
    flag(name, type) {
      cryptoki.C_FindObjectsInit(session, [
        { type: cka.class, value: cko.privateKey },
        { type: cka.label, value: name },
      ]);
      const [handle] = cryptoki.C_FindObjects(session, 1);
      cryptoki.C_FindObjectsFinal(session);
      return cryptoki.C_GetAttributeValue(session, handle!, [{ type }])[0]?.value[0] === 1;
    },
  };
}
