/** All batches that have arrived, in one commit, and what became of the acts of each. */
import type { ActResult, BatchWriter } from './batch-writer.ts';
import type { Batch, SettledBatch } from './writer-messages.ts';

export function writeBatches(writer: BatchWriter, batches: readonly Batch[]): SettledBatch[] {
  const results = writer.write(batches.flatMap(({ acts }) => acts));
  const settled: SettledBatch[] = [];
  let offset = 0;
  for (const { id, acts } of batches) {
    settled.push(settledOf(id, results.slice(offset, offset + acts.length)));
    offset += acts.length;
  }
  return settled;
}

function settledOf(id: number, results: readonly ActResult[]): SettledBatch {
  return {
    id,
    values: results.map((result) => ('value' in result ? result.value : undefined)),
    failures: results.flatMap((result, index) => ('failure' in result ? [[index, result.failure] as const] : [])),
  };
}
