/** All batches that have arrived, those that `more` gives before the commit among them, and what became of the acts of each. */
import type { Act } from '../acts/acts.ts';
import type { ActResult, BatchWriter } from './batch-writer.ts';
import type { Batch, SettledBatch } from './writer-messages.ts';

export function writeBatches(
  writer: BatchWriter,
  arrived: readonly Batch[],
  more: () => readonly Batch[] = () => [],
): SettledBatch[] {
  const batches = [...arrived];
  const results = writer.write(actsOf(arrived), () => {
    const next = more();
    batches.push(...next);
    return actsOf(next);
  });
  const settled: SettledBatch[] = [];
  let offset = 0;
  for (const { id, acts } of batches) {
    settled.push(settledOf(id, results.slice(offset, offset + acts.length)));
    offset += acts.length;
  }
  return settled;
}

const actsOf = (batches: readonly Batch[]): readonly Act[] => batches.flatMap(({ acts }) => acts);

function settledOf(id: number, results: readonly ActResult[]): SettledBatch {
  return {
    id,
    values: results.map((result) => ('value' in result ? result.value : undefined)),
    failures: results.flatMap((result, index) => ('failure' in result ? [[index, result.failure] as const] : [])),
  };
}
