/** Errors that the command line itself finds, with stable codes; exit-codes.ts says how each ends the program. */
import { CodedError } from '../../domain/coded-error.ts';

export type CliErrorCode =
  | 'usage' // the command line, or a variable it reads, is not right
  | 'credentialMissing' // a CA, certificate, key or token file is not there
  | 'credentialExpired' // the client certificate, by the clock of this machine
  | 'fileMissing' // any other that was named
  | 'fileUnreadable'
  | 'fileOpenToOthers' // a file that only its owner may see or change
  | 'fileExists' // would be overwritten
  | 'contextExists'
  | 'folderUnwritable'
  | 'outputUnwritable' // a disk is full, for instance; of stdout stop-signal.ts says it
  | 'answerNotOurs' // the certificate is not for our key or names
  | 'answerNotTrusted' // it does not chain to the trust file
  | 'declined'; // the person answered no

/** `message` says what was wrong, with which value, and what to do next. */
export class CliError extends CodedError<CliErrorCode> {
  override readonly name = 'CliError';
}
