/** Entry of the verifying thread: what one request brought after the other. */
import { answerQuestions } from '../threads/answer-questions.ts';
import { verifyAll } from './verify-with-key.ts';

answerQuestions(verifyAll);
