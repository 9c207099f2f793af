/** The check of an issued certificate, with its refusals as errors of the command line. */
import {
  AnswerRefused,
  checkAnswer as check,
  type Expectations,
  type IssuedPem,
} from '../../../client/check-answer.ts';
import { CliError } from '../cli-error.ts';

/** Throws CliError `answerNotOurs` or `answerNotTrusted`. */
export function checkAnswer(issued: IssuedPem, expected: Expectations): void {
  try {
    check(issued, expected);
  } catch (error) {
    throw error instanceof AnswerRefused ? new CliError(error.code, error.message, error.cause) : error;
  }
}
