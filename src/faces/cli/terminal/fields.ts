/** Facts as aligned lines, `Label   value`; several values of one label stand below each other. */

export type Field = readonly [label: string, value: string | readonly string[]];

/** One line for each value; labels without a value are left out. */
export function layoutFields(fields: readonly Field[], indent = ''): string[] {
  const width = Math.max(...fields.map(([label]) => label.length)) + 2;
  return fields.flatMap(([label, value]) =>
    [value].flat().map((line, index) => `${indent}${(index === 0 ? label : '').padEnd(width)}${line}`),
  );
}
