/** What the command line needs of its surroundings, so that tests can stand in for the terminal. */

/** The part of a stream that is written to. */
export interface TextSink {
  /** False, of a stream of Node, when it wants no more for now. */
  write(text: string): unknown;
  once?(event: 'drain', listener: () => void): unknown;
}

export interface CliIo {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Answers to questions, which are asked only when `mayAsk`; process.stdin if absent. */
  readonly stdin?: NodeJS.ReadableStream;
  readonly env: NodeJS.ProcessEnv;
  /** Relative paths are read from here. */
  readonly cwd: string;
  /** A person reads stdout: colours and tables that fit make sense. */
  readonly isTty: boolean;
  /** A person is there to answer: stdin or stdout is a terminal. `revoke … | tee log` asks, a job of cron does not. */
  readonly mayAsk: boolean;
  /** Width of the terminal, heeded when `isTty`. */
  readonly columns: number | undefined;
  /** Unix milliseconds; Date.now if absent. */
  readonly now?: () => number;
  /** Lets time pass; a timer if absent. */
  readonly pause?: (ms: number) => Promise<void>;
}
