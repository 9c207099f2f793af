/**
 * A thread for work that comes in crowds: started when several askers wait at once, ended when nobody has asked for a while.
 * Node's own pool wakes a thread for each job and the event loop for each answer, which costs more than the arithmetic of a
 * signature. Here the jobs of one turn of the event loop leave a few at a time, and come back so.
 */
import { setImmediate as endOfTurn } from 'node:timers';
import type { Worker } from 'node:worker_threads';
import type { FromCrowdThread, QuestionBatch } from './crowd-messages.ts';
import { ended, startWorkerThread } from './worker-thread.ts';

export interface CrowdOptions {
  /** How many must ask at once for the thread to be worth starting. */
  readonly threadFrom: number;
  /** How long nobody may ask before the thread is ended, for its memory is too much for an idle service. */
  readonly idleMs: number;
}

/** Most of a batch, both ways: each message has to wake the other thread, but the first answer should not wait for the last. */
const together = 8;

const defaults: CrowdOptions = { threadFrom: 4, idleMs: 30_000 };

export interface CrowdThread<Question, Answer> {
  /** Asks the thread; without a crowd, a thread, or an answer from it, resolves to what `alone` gives, which runs on this thread. */
  ask(question: Question, alone: () => Promise<Answer>): Promise<Answer>;
  close(): Promise<void>;
}

/** `entry` calls `answerQuestions`. Questions are copied; an octet view should not stand in a larger buffer. */
export function crowdThread<Question, Answer>(entry: URL, options = defaults): CrowdThread<Question, Answer> {
  let thread: RunningThread<Question, Answer> | undefined;
  let idle: NodeJS.Timeout | undefined;
  let asking = 0;
  let closed = false;

  const endThread = async (): Promise<void> => {
    const ending = thread;
    thread = undefined;
    await ending?.end();
  };

  return {
    async ask(question, alone) {
      asking += 1;
      if (idle) idle = void clearTimeout(idle);
      try {
        if (asking >= options.threadFrom && !closed) thread = thread?.gone() === false ? thread : runThread(entry);
        const answer = thread?.ready() ? await thread.ask(question) : null;
        return answer ?? (await alone());
      } finally {
        asking -= 1;
        if (asking === 0) idle = setTimeout(() => void endThread(), options.idleMs).unref();
      }
    },
    async close() {
      closed = true;
      clearTimeout(idle);
      await endThread();
    },
  };
}

interface RunningThread<Question, Answer> {
  ready(): boolean;
  gone(): boolean;
  /** Null when the thread could not say. */
  ask(question: Question): Promise<Answer | null>;
  end(): Promise<void>;
}

function runThread<Question, Answer>(entry: URL): RunningThread<Question, Answer> {
  const worker: Worker = startWorkerThread(entry, undefined);
  const askers = new Map<number, (answer: Answer | null) => void>();
  let gathered: Question[] = [];
  let nextId = 0;
  let state: 'loading' | 'ready' | 'gone' = 'loading';
  const end = ended(worker);

  const send = (): void => {
    if (gathered.length === 0) return;
    const batch: QuestionBatch<Question> = { firstId: nextId - gathered.length, questions: gathered };
    gathered = [];
    worker.postMessage(batch);
  };
  worker.on('message', (message: FromCrowdThread<Answer>) => {
    if (message === 'ready') {
      state = 'ready';
      return;
    }
    for (const [index, answer] of message.answers.entries()) {
      const id = message.firstId + index;
      askers.get(id)?.(answer);
      askers.delete(id);
    }
  });
  // `exit` follows whatever the error was, and has what was asked answered on this thread.
  worker.on('error', () => undefined);
  worker.on('exit', () => {
    state = 'gone';
    for (const tell of askers.values()) tell(null);
    askers.clear();
  });
  worker.unref();

  return {
    ready: () => state === 'ready',
    gone: () => state === 'gone',
    ask(question) {
      if (gathered.length === 0) endOfTurn(send);
      gathered.push(question);
      const id = nextId++;
      // Sent now, so that the thread begins while this one goes on with its turn.
      if (gathered.length === together) send();
      return new Promise((tell) => askers.set(id, tell));
    },
    async end() {
      await worker.terminate();
      await end;
    },
  };
}
