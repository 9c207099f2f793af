/** Entry of the verifying thread: one signature after the other. */
import { answerQuestions } from '../threads/answer-questions.ts';
import { verifySigned } from './verify-with-key.ts';

answerQuestions(verifySigned);
