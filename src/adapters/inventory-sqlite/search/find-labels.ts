/** Which labels a name or a text is found in, by the names spelled backwards and the index of every three characters. */
import { foldText, spellings } from './fold-text.ts';
import type { KeptStatements } from './kept-statements.ts';
import type { Commonness } from './label-sample.ts';
import { type FoundLabels, nameRange, type Parameters, textCondition } from './search-filters.ts';

export interface LabelStatement {
  readonly sql: string;
  readonly parameters: Parameters;
}

export function findLabels(
  statements: KeptStatements,
  { name, text }: { readonly name?: string; readonly text?: string },
  { most, commonness }: { readonly most: number; readonly commonness: () => Commonness },
): FoundLabels {
  const found = (statement: LabelStatement): readonly number[] | 'tooMany' => {
    const labels = statements.prepare<unknown[], number>(statement.sql).pluck();
    const ids = labels.all(...statement.parameters);
    return ids.length > most ? 'tooMany' : ids;
  };
  return {
    ...(name !== undefined && { ofName: found(labelsOfName(name, most)) }),
    ...(text !== undefined && { ofText: found(labelsOfText(text, most, commonness())) }),
  };
}

export function labelsOfName(name: string, most: number): LabelStatement {
  const { range, parameters } = nameRange(name);
  return { sql: `SELECT DISTINCT label FROM label_names WHERE ${range} LIMIT ${most + 1}`, parameters };
}

/** What the index offers is looked at again: it knows that the threes are there, not that they are in a row. */
export function labelsOfText(text: string, most: number, commonness: Commonness): LabelStatement {
  const { condition, parameters } = textCondition(text, 'name_list', 'subject_text');
  const match = matchOf(foldText(text), commonness);
  // A text that is shorter than what is indexed, or that no label can hold.
  if (match === undefined) return { sql: 'SELECT label_id FROM labels WHERE 0', parameters: [] };
  return {
    sql: `SELECT label_id FROM label_texts CROSS JOIN labels ON label_id = label_texts.rowid
        WHERE label_texts MATCH ? AND ${condition}
      UNION ALL
      SELECT label_id FROM labels
        WHERE label_id > (SELECT indexed_label FROM inventory_progress) AND ${condition}
      LIMIT ${most + 1}`,
    parameters: [match, ...parameters, ...parameters],
  };
}

/** FTS5 reads the whole list of each, so that one in every label costs more than it narrows. */
const mostTrigrams = 4;

/** The rarest threes of a text, as a query of FTS5: strings in double quotes, which are doubled inside, each with its spellings, joined by AND. */
function matchOf(folded: string, commonness: Commonness): string | undefined {
  const characters = [...folded];
  if (characters.length < 3 || folded.includes('\0')) return undefined;
  const trigrams = new Set(characters.slice(2).map((_, at) => characters.slice(at, at + 3).join('')));
  return [...trigrams]
    .map((trigram) => ({ trigram, count: commonness(trigram) }))
    .sort((a, b) => a.count - b.count)
    .slice(0, mostTrigrams)
    .map(({ trigram }) => anyOf(spellings(trigram)))
    .join(' AND ');
}

const anyOf = (trigrams: readonly string[]): string =>
  trigrams.length === 1 ? quoted(trigrams[0]!) : `(${trigrams.map(quoted).join(' OR ')})`;

const quoted = (trigram: string): string => `"${trigram.replaceAll('"', '""')}"`;
