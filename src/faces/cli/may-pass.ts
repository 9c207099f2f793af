/** Which errors do not end a verb that waits: a service that is restarted, or busy, may answer the next time. */
import { ClientFailure, ClientProblem } from '../../client/failure.ts';
import { endingOfProblem, failureEndings } from './exit-codes.ts';

export function mayPass(error: unknown): boolean {
  if (error instanceof ClientProblem) return endingOfProblem(error.code, error.status) === 'tryAgain';
  return error instanceof ClientFailure && failureEndings[error.code] === 'notReachable';
}
