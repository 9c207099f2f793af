/** The one error of the service (`CaError`) and the closed sets of codes everything above maps from. No HTTP here. */
import { CodedError } from './coded-error.ts';

/** What went wrong. RFC 8555 §6.7 spellings where one exists; each face owns a total table over this union. */
export const caErrorCodes = [
  'malformed', // the request is not what the interface describes
  'badCSR', // not a canonical, self-consistent PKCS#10
  'badPublicKey',
  'badSignatureAlgorithm',
  'rejectedIdentifier', // a name that policy does not give this product
  'policyRefused', // profile, lifetime or product rules say no
  'compound', // reasons of several of the above kinds (RFC 8555 §6.7.1)
  'badRevocationReason',
  'alreadyRevoked',
  'unauthenticated', // no usable credential
  'unauthorized', // a good credential that may not do this
  'notFound',
  'methodNotAllowed',
  'notAcceptable',
  'payloadTooLarge',
  'unsupportedMediaType',
  'conflict', // the state of the object does not allow it
  'idempotencyConflict', // same Idempotency-Key, another body
  'lastAdmin', // would leave nobody able to administer
  'rateLimited',
  'overloaded', // a bounded queue is full; come back
  'signerUnavailable',
  'inventoryUnavailable', // the database cannot be written or read now
  'clockUnsafe', // the clock jumped; signing has stopped
  'stopping', // the service is shutting down
  'serverInternal',
] as const;
export type CaErrorCode = (typeof caErrorCodes)[number];

/** Why, in detail. Every refusal by the CSR grammar or by policy carries one or more of these. */
export type ReasonCode =
  // encoding and structure of the CSR
  | 'notDer'
  | 'trailingBytes'
  | 'notPem'
  | 'severalPemBlocks'
  | 'wrongPemLabel'
  | 'notBase64'
  | 'tooLarge'
  | 'wrongStructure'
  | 'wrongVersion'
  | 'duplicateAttribute'
  | 'unsupportedAttribute'
  | 'duplicateExtension'
  | 'forbiddenExtension' // CA:TRUE, keyCertSign, pathLen, ... requested
  | 'badExtension'
  | 'badSubject'
  | 'badSignature'
  // signature algorithm
  | 'unsupportedSignatureAlgorithm'
  | 'badAlgorithmParameters'
  | 'algorithmKeyMismatch'
  // public key
  | 'unsupportedKeyType'
  | 'badKeyEncoding'
  | 'badCurve'
  | 'pointNotOnCurve'
  | 'rsaModulusSize'
  | 'rsaModulusForm'
  | 'rsaExponent'
  | 'weakKeyRoca'
  | 'weakKeyDebian'
  | 'weakKeyFermat'
  | 'weakKeySmallFactor'
  | 'keyTypeNotAllowed'
  | 'keyBelongsToAuthority'
  | 'keyBelongsToOperator'
  | 'keyCompromised'
  // names
  | 'noNames'
  | 'tooManyNames'
  | 'badDnsName'
  | 'badIpAddress'
  | 'badEmailAddress'
  | 'badUri'
  | 'badCharacters'
  | 'idnNotAllowed'
  | 'wildcardNotAllowed'
  | 'nameTypeNotAllowed'
  | 'nameNotAllowed'
  | 'commonNameNotInNames'
  | 'severalCommonNames'
  | 'subjectNotAllowed'
  // profile, product, lifetime
  | 'unknownProfile'
  | 'profileNotAllowed'
  | 'lifetimeTooShort'
  | 'lifetimeTooLong'
  | 'outlivesIssuer'
  | 'rotationChangesNames'
  | 'rotationReusesKey'
  | 'rotationConditionNotMet' // of an authority; `field` is the condition
  // campaigns
  | 'campaignWithoutFilter'
  | 'campaignWithoutMembers' // nothing matches
  | 'campaignTooLarge'
  | 'deadlinePassed'
  | 'revokedBeforeDeadline'
  // chains and lists that were signed elsewhere
  | 'badCertificate' // not one of this profile's grammar
  | 'chainOrder'
  | 'chainTooLong'
  | 'chainSignature'
  | 'keyIdentifierMismatch'
  | 'certificateForAnotherKey'
  | 'notCertificateAuthority'
  | 'keyUsageMissing'
  | 'subjectKeyIdentifierMissing'
  | 'pathLengthExceeded'
  | 'unknownCriticalExtension'
  | 'explicitPolicyRequired'
  | 'weakSignatureAlgorithm'
  | 'nameConstraintViolated'
  | 'unsupportedNameConstraint'
  | 'extendedKeyUsageTooNarrow'
  | 'chainExpired'
  | 'chainNotYetValid'
  | 'startsBeforeIssuer'
  | 'endsBeforeOneInForce'
  | 'namedOtherThanOneInForce'
  | 'rootMissing'
  | 'rootNotConfirmed' // `value` is its fingerprint
  | 'chainRevoked'
  | 'badCrl'
  | 'crlOfAnother'
  | 'crlOfOthers'
  | 'crlSignature'
  | 'crlOlder'
  | 'crlExpired'
  | 'crlNotYetValid'
  | 'issuerRevoked' // by the authority that signed it, elsewhere
  // requests that wait for approval
  | 'requestDenied'
  | 'requestExpired'
  | 'requestIssued'
  | 'requestOutdated' // what it rests on changed since it was submitted
  | 'requestOfYours' // nobody approves what they asked for
  | 'requestApprovedByYou'
  | 'issuerUnavailable' // the authority signs nothing now; the request waits on
  // requests and credentials
  | 'unknownField'
  | 'invalidField'
  | 'contradictoryFilters' // nothing can meet them together
  | 'tokenUnknown'
  | 'tokenExpired'
  | 'tokenUsedUp'
  | 'tokenNotForProfile'
  | 'certificateUnknown'
  | 'certificateRevoked'
  | 'certificateHeld' // operators may release it
  | 'certificateExpired'
  | 'certificateNotForClients'
  | 'certificateOfAnother'
  | 'certificateRotated' // `value` is its successor
  | 'roleNotAllowed';

/** One reason of a refusal. `value` is already safe to print (see policy/printable.ts) and never secret. */
export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
  /** Where in the request, as a dotted path: `csr.subjectAltName[2]`, `lifetimeSeconds`. */
  readonly field?: string;
  readonly value?: string;
}

export interface CaErrorOptions {
  readonly reasons?: readonly Reason[];
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** Every refusal and failure that a caller may see. `message` is a fixed or safe sentence; `cause` goes only to the log. */
export class CaError extends CodedError<CaErrorCode> {
  override readonly name = 'CaError';
  readonly reasons: readonly Reason[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: CaErrorCode, message: string, options: CaErrorOptions = {}) {
    super(code, message, options.cause);
    this.reasons = options.reasons ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The same refusal in words that say more: of what it kept from being done, and how to go on. */
export const reworded = (cause: CaError, message: string): CaError =>
  new CaError(cause.code, message, {
    ...{ cause, reasons: cause.reasons },
    ...(cause.retryAfterSeconds !== undefined && { retryAfterSeconds: cause.retryAfterSeconds }),
  });

/** Why the service cannot start, or its home cannot be backed up or restored. */
export type StartErrorCode =
  | 'wrongNode'
  | 'badConfiguration'
  | 'homeUnwritable'
  | 'homeUnreadable' // an act on a home that this user cannot look into
  | 'homeOpenToOthers'
  | 'homeLocked' // another process serves this home
  | 'homeDamaged'
  | 'portInUse'
  | 'passphraseMissing'
  | 'passphraseWrong'
  | 'sharesMissing' // the passphrase is split, and too few shares were given
  | 'shareUnusable' // what is given as shares is none of this set, or opens nothing
  | 'passphraseUnusable' // a new one that cannot be taken
  | 'keyFileDamaged'
  | 'keyFileOpenToOthers'
  | 'vaultUnusable' // its module or token is not what the settings say
  | 'pinMissing'
  | 'pinRefused' // wrong, locked, expired, or too close to that to be tried
  | 'schemaTooNew'
  | 'databaseDamaged'
  | 'durabilityNotMet'
  | 'clockUnsafe'
  | 'restoreUnfinished' // a restore into this home was cut short
  // backup and restore
  | 'homeEmpty' // nothing to back up
  | 'homeNotEmpty' // a restore never overwrites
  | 'backupExists' // nor does a backup
  | 'backupUnwritable'
  | 'backupUnreadable'
  | 'backupDamaged'
  | 'backupTooNew'
  | 'crlMissing' // a restore without the newest list would un-revoke
  | 'crlUnusable'
  | 'interrupted';

/** Stops the start, backup or restore; `message` is a sentence for the person at the console that says what to do next. */
export class StartError extends CodedError<StartErrorCode> {
  override readonly name = 'StartError';
}
