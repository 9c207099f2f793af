/** Facts as aligned lines, `Label   value`; several values of one label stand below each other. */

import { foldText } from './fold.ts';

export type Field = readonly [label: string, value: string | readonly string[]];

export interface FieldsPage {
  readonly indent?: string;
  /** Of the terminal; values that are wider go on below. */
  readonly columns?: number | undefined;
}

/** One line for each value; labels without a value are left out. */
export function layoutFields(fields: readonly Field[], { indent = '', columns }: FieldsPage = {}): string[] {
  const width = Math.max(...fields.map(([label]) => label.length)) + 2;
  const room = columns && columns - indent.length - width;
  return fields.flatMap(([label, value]) =>
    [value]
      .flat()
      .flatMap((line) => foldText(line, room))
      .map((line, index) => `${indent}${(index === 0 ? label : '').padEnd(width)}${line}`),
  );
}
