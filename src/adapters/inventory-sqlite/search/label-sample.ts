/** Some labels, spread over all that there are: they tell which threes of characters are rare. */
import { foldText } from './fold-text.ts';
import type { KeptStatements } from './kept-statements.ts';

/** How many of the sample hold a folded text. */
export type Commonness = (text: string) => number;

const size = 256;

/** Reads the sample when first asked, and again when there are twice as many labels. */
export function labelSample(statements: KeptStatements): () => Commonness {
  const newest = statements.prepare<[], number | null>('SELECT max(label_id) FROM labels').pluck();
  const read = statements
    .prepare<[string], string>(
      `SELECT name_list || char(10) || subject_text FROM json_each(?) AS wanted CROSS JOIN labels ON label_id = wanted.value`,
    )
    .pluck();
  let sampled = 0;
  let texts: readonly string[] = [];
  return () => {
    const last = newest.get() ?? 0;
    if (last > 2 * sampled) {
      const ids = Array.from({ length: Math.min(size, last) }, (_, at) =>
        Math.ceil(((at + 1) * last) / Math.min(size, last)),
      );
      texts = read.all(JSON.stringify(ids)).map(foldText);
      sampled = last;
    }
    return (text) => texts.reduce((count, label) => (label.includes(text) ? count + 1 : count), 0);
  };
}
