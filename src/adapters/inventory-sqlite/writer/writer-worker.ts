/** Entry of the writer thread: takes all batches that arrive until it commits them together, tells what became of them. */
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

let closing = false;

/** What has arrived: a batch that did so during the last fsync does not wait for another, nor one that does while others are written. */
function arrived(given: readonly ToWriter[] = []): Batch[] {
  const messages = [...given];
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) messages.push(next.message);
  closing ||= messages.includes('close');
  const batches = messages.filter((message) => message !== 'close');
  const last = batches.at(-1);
  if (last) Atomics.store(lastBegun, 0, last.id);
  return batches;
}

const writer = open();
// Now, for a thread that is killed writes no cache at its end.
flushCompileCache();
if (writer) {
  const { file, busyTimeoutMs, cacheKib } = data;
  const checkpointer = openCheckpointer({ file, busyTimeoutMs, cacheKib }, writer.log);
  giveStartBack();
  port.on('message', (first: ToWriter) => {
    const batches = arrived([first]);
    if (batches.length > 0) {
      tell({ kind: 'settled', batches: writeBatches(writer, batches, arrived) });
      checkpointer.look();
    }
    if (closing) void end(writer, checkpointer);
  });
}

/** The writer's connection is the last to close: that copies the log into the database, and removes it. */
async function end(ending: BatchWriter, checkpointer: Checkpointer): Promise<void> {
  await checkpointer.close();
  ending.close();
  port.close();
}
