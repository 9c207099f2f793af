/** Port: a person at the console who is asked for secrets. */

export interface SecretConsole {
  /** One line without its ending, which is not shown while it is typed; undefined when no more will come. */
  ask(question: string): Promise<string | undefined>;
  /** For the person: what is wrong with an answer, never the answer itself. */
  tell(line: string): void;
}
