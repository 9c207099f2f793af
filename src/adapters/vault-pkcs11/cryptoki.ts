/** The part of pkcs11js that this adapter uses, as an interface, and how a vendor's module is loaded through it. */
import { ckf, ckr } from './cryptoki-numbers.ts';
import { returnValueOf, TokenFault } from './token-fault.ts';

type Handle = Buffer;
export type SessionHandle = Handle;
export type ObjectHandle = Handle;
export type SlotHandle = Handle;

export interface Attribute {
  readonly type: number;
  readonly value?: number | boolean | string | Buffer;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter: null | {
    readonly type: number;
    readonly hashAlg: number;
    readonly mgf: number;
    readonly saltLen: number;
  };
}

export interface KeyPairHandles {
  readonly publicKey: ObjectHandle;
  readonly privateKey: ObjectHandle;
}

/** All but the `Async` ones block; failures are errors with the return value in `code`, or at least in the message. */
export interface Cryptoki {
  load(modulePath: string): void;
  C_Initialize(options: { readonly flags: number }): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): SlotHandle[];
  C_GetTokenInfo(slot: SlotHandle): { readonly label: string; readonly serialNumber: string; readonly flags: number };
  C_GetMechanismList(slot: SlotHandle): number[];
  C_OpenSession(slot: SlotHandle, flags: number): SessionHandle;
  C_CloseSession(session: SessionHandle): void;
  C_GetSessionInfo(session: SessionHandle): { readonly state: number };
  C_Login(session: SessionHandle, userType: number, pin: string): void;
  C_FindObjectsInit(session: SessionHandle, template: readonly Attribute[]): void;
  C_FindObjects(session: SessionHandle, most: number): ObjectHandle[];
  C_FindObjectsFinal(session: SessionHandle): void;
  C_GetAttributeValue(
    session: SessionHandle,
    object: ObjectHandle,
    template: readonly Attribute[],
  ): readonly { readonly type: number; readonly value: Buffer }[];
  C_GenerateKeyPairAsync(
    session: SessionHandle,
    mechanism: Mechanism,
    publicTemplate: readonly Attribute[],
    privateTemplate: readonly Attribute[],
  ): Promise<KeyPairHandles>;
  C_DestroyObject(session: SessionHandle, object: ObjectHandle): void;
  C_SignInit(session: SessionHandle, mechanism: Mechanism, key: ObjectHandle): void;
  /** Resolves to the part of `output` that was filled. Both buffers must be kept until then. */
  C_SignAsync(session: SessionHandle, data: Buffer, output: Buffer): Promise<Buffer>;
}

/**
 * The initialised module, once in a process. TokenFault `libraryMissing` and `moduleUnusable` for what is not installed;
 * `lost` for a module that does not start: some do not while their daemon is away.
 */
export async function loadCryptoki(modulePath: string): Promise<Cryptoki> {
  const cryptoki = await loadLibrary();
  try {
    cryptoki.load(modulePath);
  } catch (error) {
    throw new TokenFault('moduleUnusable', `${modulePath} cannot be loaded as a PKCS#11 module.`, error);
  }
  try {
    cryptoki.C_Initialize({ flags: ckf.osLockingOk });
  } catch (error) {
    if (returnValueOf(error) === ckr.cryptokiAlreadyInitialized) return cryptoki;
    const says = `${modulePath} does not start: is what it talks to there, and the configuration that it reads itself?`;
    throw new TokenFault('lost', says, error);
  }
  return cryptoki;
}

/** pkcs11js is compiled where it is installed, and left out where it could not be: only those with an HSM need it. */
async function loadLibrary(): Promise<Cryptoki> {
  try {
    const { default: pkcs11js } = await import('pkcs11js');
    return new pkcs11js.PKCS11();
  } catch (error) {
    const says = 'The package pkcs11js is not installed. With a C++ compiler, make and python3, `npm ci` builds it.';
    throw new TokenFault('libraryMissing', says, error);
  }
}
