/** From reasons to the one error that carries them: which kind of refusal each reason is, and `refuse`. */
import { CaError, type CaErrorCode, type Reason, type ReasonCode } from './errors.ts';

/** RFC 8555 §6.7 has one type for each group; a reason code that is missing here does not compile. */
export const refusalCode: Readonly<Record<ReasonCode, CaErrorCode>> = {
  notDer: 'badCSR',
  trailingBytes: 'badCSR',
  notPem: 'badCSR',
  severalPemBlocks: 'badCSR',
  wrongPemLabel: 'badCSR',
  notBase64: 'badCSR',
  tooLarge: 'badCSR',
  wrongStructure: 'badCSR',
  wrongVersion: 'badCSR',
  duplicateAttribute: 'badCSR',
  unsupportedAttribute: 'badCSR',
  duplicateExtension: 'badCSR',
  forbiddenExtension: 'badCSR',
  badExtension: 'badCSR',
  badSubject: 'badCSR',
  badSignature: 'badCSR',
  unsupportedSignatureAlgorithm: 'badSignatureAlgorithm',
  badAlgorithmParameters: 'badSignatureAlgorithm',
  algorithmKeyMismatch: 'badSignatureAlgorithm',
  unsupportedKeyType: 'badPublicKey',
  badKeyEncoding: 'badPublicKey',
  badCurve: 'badPublicKey',
  pointNotOnCurve: 'badPublicKey',
  rsaModulusSize: 'badPublicKey',
  rsaModulusForm: 'badPublicKey',
  rsaExponent: 'badPublicKey',
  weakKeyRoca: 'badPublicKey',
  weakKeyDebian: 'badPublicKey',
  weakKeyFermat: 'badPublicKey',
  weakKeySmallFactor: 'badPublicKey',
  keyTypeNotAllowed: 'badPublicKey',
  keyBelongsToAuthority: 'badPublicKey',
  keyBelongsToOperator: 'badPublicKey',
  keyCompromised: 'badPublicKey',
  noNames: 'rejectedIdentifier',
  tooManyNames: 'rejectedIdentifier',
  badDnsName: 'rejectedIdentifier',
  badIpAddress: 'rejectedIdentifier',
  badEmailAddress: 'rejectedIdentifier',
  badUri: 'rejectedIdentifier',
  badCharacters: 'rejectedIdentifier',
  idnNotAllowed: 'rejectedIdentifier',
  wildcardNotAllowed: 'rejectedIdentifier',
  nameTypeNotAllowed: 'rejectedIdentifier',
  nameNotAllowed: 'rejectedIdentifier',
  commonNameNotInNames: 'rejectedIdentifier',
  severalCommonNames: 'rejectedIdentifier',
  subjectNotAllowed: 'rejectedIdentifier',
  unknownProfile: 'policyRefused',
  profileNotAllowed: 'policyRefused',
  lifetimeTooShort: 'policyRefused',
  lifetimeTooLong: 'policyRefused',
  outlivesIssuer: 'policyRefused',
  rotationReusesKey: 'policyRefused',
  // 409: it may hold later.
  rotationConditionNotMet: 'conflict',
  // A rotation may not become another certificate: 403, not a matter of the request's form.
  rotationChangesNames: 'unauthorized',
  campaignWithoutFilter: 'policyRefused',
  campaignWithoutMembers: 'policyRefused',
  campaignTooLarge: 'policyRefused',
  deadlinePassed: 'policyRefused',
  revokedBeforeDeadline: 'policyRefused',
  badCertificate: 'policyRefused',
  chainOrder: 'policyRefused',
  chainTooLong: 'policyRefused',
  chainSignature: 'policyRefused',
  keyIdentifierMismatch: 'policyRefused',
  certificateForAnotherKey: 'policyRefused',
  notCertificateAuthority: 'policyRefused',
  keyUsageMissing: 'policyRefused',
  subjectKeyIdentifierMissing: 'policyRefused',
  pathLengthExceeded: 'policyRefused',
  unknownCriticalExtension: 'policyRefused',
  explicitPolicyRequired: 'policyRefused',
  weakSignatureAlgorithm: 'policyRefused',
  nameConstraintViolated: 'policyRefused',
  unsupportedNameConstraint: 'policyRefused',
  extendedKeyUsageTooNarrow: 'policyRefused',
  chainExpired: 'policyRefused',
  chainNotYetValid: 'policyRefused',
  startsBeforeIssuer: 'policyRefused',
  endsBeforeOneInForce: 'policyRefused',
  namedOtherThanOneInForce: 'policyRefused',
  rootMissing: 'policyRefused',
  rootNotConfirmed: 'policyRefused',
  chainRevoked: 'policyRefused',
  badCrl: 'policyRefused',
  crlOfAnother: 'policyRefused',
  crlOfOthers: 'policyRefused',
  crlSignature: 'policyRefused',
  crlOlder: 'policyRefused',
  crlExpired: 'policyRefused',
  crlNotYetValid: 'policyRefused',
  issuerRevoked: 'policyRefused',
  requestDenied: 'conflict',
  requestExpired: 'conflict',
  requestIssued: 'conflict',
  requestOutdated: 'conflict',
  requestOfYours: 'unauthorized',
  requestApprovedByYou: 'unauthorized',
  issuerUnavailable: 'signerUnavailable',
  unknownField: 'malformed',
  invalidField: 'malformed',
  contradictoryFilters: 'malformed',
  tokenUnknown: 'unauthenticated',
  tokenExpired: 'unauthenticated',
  tokenUsedUp: 'unauthorized',
  tokenNotForProfile: 'unauthorized',
  certificateUnknown: 'unauthorized',
  certificateRevoked: 'unauthorized',
  certificateHeld: 'unauthorized',
  certificateExpired: 'unauthorized',
  certificateNotForClients: 'unauthorized',
  certificateOfAnother: 'unauthorized',
  certificateRotated: 'conflict',
  roleNotAllowed: 'unauthorized',
};

/** Throws the CaError that carries all `reasons`, of which there is at least one; several kinds are `compound`. */
export function refuse(reasons: readonly Reason[], cause?: unknown): never {
  const codes = new Set(reasons.map((reason) => refusalCode[reason.code]));
  const [code = 'serverInternal'] = codes;
  const message = reasons.length === 1 ? reasons[0]!.message : `Refused for ${reasons.length} reasons.`;
  throw new CaError(
    codes.size > 1 ? 'compound' : code,
    message,
    cause === undefined ? { reasons } : { reasons, cause },
  );
}

/** Throws as `refuse` does if there is any reason, else returns. */
export function refuseIfAny(reasons: readonly Reason[]): void {
  if (reasons.length > 0) refuse(reasons);
}

/** What `read` gives; if it is refused, its reasons are added to `reasons` and there is no value. */
export function collectReasons<T>(reasons: Reason[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CaError) || error.reasons.length === 0) throw error;
    reasons.push(...error.reasons);
    return undefined;
  }
}
