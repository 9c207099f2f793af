/** Entry of the writer thread: takes all batches that have arrived, commits them together, tells what became of them. */
import { flushCompileCache } from 'node:module';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { StartError } from '../../../domain/errors.ts';
import { giveStartBack } from '../../threads/give-start-back.ts';
import { standBehind } from '../../threads/stand-behind.ts';
import { startErrorOf } from '../database-error.ts';
import { type BatchWriter, openBatchWriter } from './batch-writer.ts';
import { type Checkpointer, openCheckpointer } from './checkpointer.ts';
import { writeBatches } from './write-batches.ts';
import type { Batch, FromWriter, ToWriter, WriterData } from './writer-messages.ts';

standBehind();
const port = parentPort!;
const data = workerData as WriterData;
const lastBegun = new Int32Array(data.lastBegun);

const tell = (message: FromWriter): void => port.postMessage(message);

function open(): BatchWriter | undefined {
  try {
    const writer = openBatchWriter(data);
    tell({ kind: 'ready' });
    return writer;
  } catch (thrown) {
    const error = startErrorOf(thrown, data.file);
    const code = error instanceof StartError ? error.code : undefined;
    tell({ kind: 'unopened', code, message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function settle(writer: BatchWriter, batches: readonly Batch[]): void {
  Atomics.store(lastBegun, 0, batches.at(-1)!.id);
  tell({ kind: 'settled', batches: writeBatches(writer, batches) });
}

/** Everything that waits in the port, so that a batch that arrived during the last fsync does not wait for another. */
function drain(first: ToWriter): ToWriter[] {
  const messages = [first];
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) messages.push(next.message);
  return messages;
}

const writer = open();
// Now, for a thread that is killed writes no cache at its end.
flushCompileCache();
if (writer) {
  const { file, busyTimeoutMs, cacheKib } = data;
  const checkpointer = openCheckpointer({ file, busyTimeoutMs, cacheKib }, writer.log);
  giveStartBack();
  port.on('message', (first: ToWriter) => {
    const messages = drain(first);
    const batches = messages.filter((message) => message !== 'close');
    if (batches.length > 0) {
      settle(writer, batches);
      checkpointer.look();
    }
    if (batches.length < messages.length) void end(writer, checkpointer);
  });
}

/** The writer's connection is the last to close: that copies the log into the database, and removes it. */
async function end(ending: BatchWriter, checkpointer: Checkpointer): Promise<void> {
  await checkpointer.close();
  ending.close();
  port.close();
}
