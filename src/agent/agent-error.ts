/** What keeps the agent from doing what a target asks, with stable codes; the state file and metrics carry them. */
import { CodedError } from '../domain/coded-error.ts';

export type AgentErrorCode =
  | 'targetRefused' // what its settings name cannot be used on this machine
  | 'folderUnwritable'
  | 'folderLocked' // another agent tends this folder
  | 'folderTaken' // another agent keeps other files in this folder
  | 'diskFull'
  | 'fileUnreadable'
  | 'fileOpenToOthers'
  | 'ownerUnknown'
  | 'tokenMissing' // a token is needed and its file is not there or holds none
  | 'answerNotOurs'
  | 'answerNotTrusted'
  | 'renewalImpossible' // told for another certificate, or for a time when this one has ended
  | 'distributionUnreachable'
  | 'crlMissing' // made elsewhere, and not imported yet
  | 'crlUnusable' // not signed by its authority, or over
  | 'certificateHeld' // by operators, who have yet to decide
  | 'clockAhead' // a certificate that was just issued is due by this machine's clock
  | 'requestEnded' // denied, or nobody decided in time
  | 'reloadFailed'
  | 'proofFailed'
  | 'setDamaged';

/** `message` says what was wrong, with which value, and what to do next; it holds no secret. */
export class AgentError extends CodedError<AgentErrorCode> {
  override readonly name = 'AgentError';
}
