/** Text as a shell reads it back. */

/** As sh and its kin take any text. */
export const inSingleQuotes = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Quoted only where a shell, or nginx, would not take it as it is. */
export const quoted = (path: string): string => (/^[\w./+-]+$/.test(path) ? path : inSingleQuotes(path));
