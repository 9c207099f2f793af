/** The writer on the caller's own thread: for a program that does nothing else meanwhile, a thread takes longer than its writes. */
import type { ConnectionOptions } from '../connection.ts';
import { openBatchWriter } from './batch-writer.ts';
import { writeBatches } from './write-batches.ts';
import type { StartWriter } from './writer.ts';
import type { Batch } from './writer-messages.ts';

export function writerHere(options: ConnectionOptions): StartWriter {
  return async (events) => {
    const writer = openBatchWriter(options);
    let arrived: Batch[] = [];
    const write = (): void => {
      const batches = arrived;
      arrived = [];
      if (batches.length > 0) events.settled(structuredClone(writeBatches(writer, batches)));
    };
    return {
      post(batch) {
        // Copies go in and come out, as with a thread: what one side changes afterwards the other does not see.
        arrived.push(structuredClone(batch));
        setImmediate(write);
      },
      async stop() {
        write();
        writer.close();
      },
    };
  };
}
