/** A bar for each number, as long as it is large, in eighths of a character. */

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Nothing for 0; anything above it shows at least an eighth. */
export function bar(value: number, largest: number, width: number): string {
  if (value <= 0 || largest <= 0) return '';
  const parts = Math.max(1, Math.round((value / largest) * width * 8));
  return '█'.repeat(Math.floor(parts / 8)) + eighths[parts % 8]!;
}
