/** What passes between a crowd thread and its owner: questions of one turn together, answers a few at a time. */

/** Size of a batch, both ways: each message has to wake the other thread, but the first answer should not wait for the last. */
export const together = 8;

/** Ids count from the first of the batch on. */
export interface QuestionBatch<Question> {
  readonly firstId: number;
  readonly questions: readonly Question[];
}

/** `null` for a question whose answering threw; its owner answers it elsewhere and meets the error there. */
export interface AnswerBatch<Answer> {
  readonly firstId: number;
  readonly answers: readonly (Answer | null)[];
}

export type FromCrowdThread<Answer> = 'ready' | AnswerBatch<Answer>;
