/** The worker's half of a crowd thread: answers one question after the other. */
import { flushCompileCache } from 'node:module';
import { parentPort } from 'node:worker_threads';
import type { FromCrowdThread, QuestionBatch } from './crowd-messages.ts';
import { standBehind } from './stand-behind.ts';

/** `answer` must be pure, and questions and answers plain values. */
export function answerQuestions<Question, Answer>(answer: (question: Question) => Answer): void {
  standBehind();
  const port = parentPort!;
  const tell = (message: FromCrowdThread<Answer>): void => port.postMessage(message);
  const tryAnswer = (question: Question): Answer | null => {
    try {
      return answer(question);
    } catch {
      return null;
    }
  };
  port.on('message', ({ firstId, questions }: QuestionBatch<Question>) => {
    tell({ firstId, answers: questions.map(tryAnswer) });
  });
  // Now, for a thread that is killed writes no cache at its end.
  flushCompileCache();
  tell('ready');
}
