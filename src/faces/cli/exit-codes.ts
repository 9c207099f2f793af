/** How the program ends: one table of exit codes (docs/cli.md lists them), and which error leads to which. */
import type { ClientFailureCode } from '../../client/failure.ts';
import type { CaErrorCode, StartErrorCode } from '../../domain/errors.ts';
import type { CliErrorCode } from './cli-error.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  notReachable: 4,
  notAuthorised: 5,
  notFound: 6,
  tryAgain: 7,
  exists: 8,
  notTrusted: 9,
  auditBroken: 10,
  waiting: 11,
} as const;

export type Ending = keyof typeof exitCodes;

/** In a few words, for `--help`; docs/cli.md has more of them. */
export const endingWords: Readonly<Record<Ending, string>> = {
  ok: 'done',
  failed: 'the service, a file or a start failed, or you answered no',
  usage: 'the command line, a setting or a credential file is not right',
  refused: 'the service says no',
  notReachable: 'nothing answers',
  notAuthorised: 'the token or certificate may not do this',
  notFound: 'there is no such thing',
  tryAgain: 'not now; `status`: not ready',
  exists: 'something would have been overwritten',
  notTrusted: 'the service’s certificate, or the issued one, failed its checks',
  auditBroken: '`audit verify`: the log is not whole',
  waiting: 'it waits for approval, or goes on by itself',
};

/** A code of the service that this version does not know yet is judged by its HTTP status instead. */
export function endingOfProblem(code: string, status: number): Ending {
  if (Object.hasOwn(problemEndings, code)) return problemEndings[code as CaErrorCode];
  if (status === 401 || status === 403) return 'notAuthorised';
  return status < 500 ? 'refused' : 'failed';
}

const problemEndings: Readonly<Record<CaErrorCode, Ending>> = {
  malformed: 'refused',
  badCSR: 'refused',
  badPublicKey: 'refused',
  badSignatureAlgorithm: 'refused',
  rejectedIdentifier: 'refused',
  policyRefused: 'refused',
  compound: 'refused',
  badRevocationReason: 'refused',
  alreadyRevoked: 'refused',
  unauthenticated: 'notAuthorised',
  unauthorized: 'notAuthorised',
  notFound: 'notFound',
  methodNotAllowed: 'refused',
  notAcceptable: 'refused',
  payloadTooLarge: 'refused',
  unsupportedMediaType: 'refused',
  conflict: 'refused',
  idempotencyConflict: 'refused',
  lastAdmin: 'refused',
  rateLimited: 'tryAgain',
  overloaded: 'tryAgain',
  signerUnavailable: 'tryAgain',
  inventoryUnavailable: 'tryAgain',
  clockUnsafe: 'tryAgain',
  stopping: 'tryAgain',
  serverInternal: 'failed',
};

export const failureEndings: Readonly<Record<ClientFailureCode, Ending>> = {
  addressUnknown: 'notReachable',
  connectionRefused: 'notReachable',
  connectionBroken: 'notReachable',
  timeout: 'notReachable',
  notTls: 'notReachable',
  notTrusted: 'notTrusted',
  wrongName: 'notTrusted',
  outOfTime: 'notTrusted',
  ownCertificateMissing: 'notAuthorised',
  ownCertificateRefused: 'notAuthorised',
  ownCertificateUnusable: 'usage',
  answerTooLarge: 'failed',
  badAnswer: 'failed',
};

export const cliEndings: Readonly<Record<CliErrorCode, Ending>> = {
  usage: 'usage',
  credentialMissing: 'usage',
  credentialExpired: 'notAuthorised',
  fileMissing: 'usage',
  fileUnreadable: 'failed',
  fileOpenToOthers: 'failed',
  fileExists: 'exists',
  contextExists: 'exists',
  folderUnwritable: 'failed',
  outputUnwritable: 'failed',
  answerNotOurs: 'notTrusted',
  answerNotTrusted: 'notTrusted',
  declined: 'failed',
};

/** Every reason why the service does not start is its own sentence; scripts only tell settings from the rest. */
export const endingOfStart = (code: StartErrorCode): Ending => startEndings[code] ?? 'failed';

const startEndings: Partial<Readonly<Record<StartErrorCode, Ending>>> = {
  badConfiguration: 'usage',
  homeNotEmpty: 'exists',
  backupExists: 'exists',
  crlMissing: 'refused',
  crlUnusable: 'refused',
};
