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
        // Copied both ways, as with a thread: neither side sees what the other changes afterwards.
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
