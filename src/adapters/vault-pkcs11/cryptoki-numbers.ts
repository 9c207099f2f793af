/** The numbers of PKCS#11 that this adapter uses, by their names there (OASIS PKCS#11 3.1, pkcs11t.h). */

export const ckf = {
  rwSession: 0x2,
  serialSession: 0x4,
  osLockingOk: 0x2,
  // of a token
  loginRequired: 0x4,
  tokenInitialized: 0x400,
  userPinCountLow: 0x10000,
  userPinFinalTry: 0x20000,
  userPinLocked: 0x40000,
} as const;

export const cku = { user: 1, contextSpecific: 2 } as const;

/** States of a session in which the user is logged in: read-only and read-write. */
export const userStates: readonly number[] = [1, 3];

export const cko = { publicKey: 2, privateKey: 3 } as const;

export const ckk = { rsa: 0x0, ec: 0x3, ecEdwards: 0x40 } as const;

export const cka = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  decrypt: 0x105,
  unwrap: 0x107,
  sign: 0x108,
  verify: 0x10a,
  derive: 0x10c,
  modulus: 0x120,
  modulusBits: 0x121,
  publicExponent: 0x122,
  extractable: 0x162,
  ecParams: 0x180,
  ecPoint: 0x181,
  alwaysAuthenticate: 0x202,
} as const;

export const ckm = {
  rsaPkcsKeyPairGen: 0x0,
  rsaPkcs: 0x1,
  rsaPkcsPss: 0xd,
  sha256RsaPkcs: 0x40,
  sha384RsaPkcs: 0x41,
  sha512RsaPkcs: 0x42,
  sha256RsaPkcsPss: 0x43,
  sha384RsaPkcsPss: 0x44,
  sha512RsaPkcsPss: 0x45,
  sha256: 0x250,
  sha384: 0x260,
  sha512: 0x270,
  ecKeyPairGen: 0x1040,
  ecdsa: 0x1041,
  ecdsaSha256: 0x1044,
  ecdsaSha384: 0x1045,
  ecdsaSha512: 0x1046,
  ecEdwardsKeyPairGen: 0x1055,
  eddsa: 0x1057,
} as const;

/** Of the mask of RSASSA-PSS, by its hash. */
export const ckg = { mgf1Sha256: 2, mgf1Sha384: 3, mgf1Sha512: 4 } as const;

/** Not of PKCS#11: which structure pkcs11js makes of a mechanism's parameter. */
export const pssParameters = 5;

export const ckr = {
  slotIdInvalid: 0x3,
  generalError: 0x5,
  functionFailed: 0x6,
  attributeSensitive: 0x11,
  attributeTypeInvalid: 0x12,
  attributeValueInvalid: 0x13,
  dataLengthRange: 0x21,
  deviceError: 0x30,
  deviceMemory: 0x31,
  deviceRemoved: 0x32,
  functionNotSupported: 0x54,
  keyHandleInvalid: 0x60,
  keyTypeInconsistent: 0x63,
  keyFunctionNotPermitted: 0x68,
  mechanismInvalid: 0x70,
  mechanismParamInvalid: 0x71,
  objectHandleInvalid: 0x82,
  pinIncorrect: 0xa0,
  pinInvalid: 0xa1,
  pinLengthRange: 0xa2,
  pinExpired: 0xa3,
  pinLocked: 0xa4,
  sessionClosed: 0xb0,
  sessionCount: 0xb1,
  sessionHandleInvalid: 0xb3,
  sessionReadOnly: 0xb5,
  templateInconsistent: 0xd1,
  tokenNotPresent: 0xe0,
  tokenNotRecognized: 0xe1,
  tokenWriteProtected: 0xe2,
  userAlreadyLoggedIn: 0x100,
  userNotLoggedIn: 0x101,
  userPinNotInitialized: 0x102,
  curveNotSupported: 0x140,
  cryptokiNotInitialized: 0x190,
  cryptokiAlreadyInitialized: 0x191,
} as const;
