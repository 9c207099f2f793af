/** Entry of the checkpointing thread: copies the log into the database with a connection of its own. */
import { answerQuestions } from '../../threads/answer-questions.ts';
import { type Connection, type ConnectionOptions, openForWriting } from '../connection.ts';

let connection: Connection | undefined;

answerQuestions((options: ConnectionOptions): 'copied' => {
  connection ??= openForWriting(options);
  // The second time what was committed during the first, so that little is left for the writer.
  connection.pragma('wal_checkpoint(PASSIVE)');
  connection.pragma('wal_checkpoint(PASSIVE)');
  return 'copied';
});
