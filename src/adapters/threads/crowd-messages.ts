/** What passes between a crowd thread and its owner: the questions of one turn a few at a time, and their answers as they came. */

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
