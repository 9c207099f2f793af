/** A small scanner of TypeScript source: tokens without comments, and every module a file names. */

export interface Token {
  readonly kind: 'word' | 'string' | 'punctuation';
  readonly text: string;
}

/** One `import`, `export … from`, `import()`, `require()` or `new URL('…', import.meta.url)`. */
export interface ImportedModule {
  /** Empty when the name is computed, so nobody can check it. */
  readonly specifier: string;
  /** Imported names; `*` for a namespace or a default import; empty for a side effect. */
  readonly names: readonly string[];
  readonly reexport: boolean;
}

const skipped = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const word = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const number = /[0-9][0-9a-zA-Z_.]*/y;
const quoted = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
const regularExpression = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const wordsBeforeExpression = new Set(['return', 'typeof', 'case', 'in', 'of', 'yield', 'await', 'void', 'delete']);

function matchAt(pattern: RegExp, source: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? '';
}

/** A slash divides after a value and opens a regular expression anywhere else. */
function opensExpression(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === 'word') return wordsBeforeExpression.has(previous.text);
  return previous.kind === 'punctuation' && ![')', ']', '}'].includes(previous.text);
}

/** Where the code inside `${` at `from` ends: the index of its closing brace. */
function endOfTemplateHole(source: string, from: number): number {
  let depth = 1;
  for (let at = from; at < source.length; at++) {
    if (source[at] === '`') at = endOfTemplate(source, at + 1);
    else if (source[at] === '{') depth++;
    else if (source[at] === '}' && --depth === 0) return at;
  }
  return source.length;
}

/** Index of the backtick that closes the template whose text starts at `from`. */
function endOfTemplate(source: string, from: number): number {
  for (let at = from; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '`') return at;
    else if (source.startsWith('${', at)) at = endOfTemplateHole(source, at + 2);
  }
  return source.length;
}

/** The code in a template's holes, which may import or read the clock like any other code. */
function tokensInTemplate(template: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < template.length; at++) {
    if (template[at] === '\\') at++;
    else if (template.startsWith('${', at)) {
      const end = endOfTemplateHole(template, at + 2);
      tokens.push(...tokenize(template.slice(at + 2, end)));
      at = end;
    }
  }
  return tokens;
}

/** Tokens of `source` (a number is a word); comments and the text of templates and regular expressions are left out. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string => {
    const text = matchAt(pattern, source, at);
    at += text.length;
    return text;
  };
  while (at < source.length) {
    if (take(skipped)) continue;
    const name = take(word) || take(number);
    const text = name ? '' : take(quoted);
    if (name) tokens.push({ kind: 'word', text: name });
    else if (text) tokens.push({ kind: 'string', text: text.slice(1, -1) });
    else if (source[at] === '`') {
      const end = endOfTemplate(source, at + 1);
      tokens.push({ kind: 'string', text: '`' }, ...tokensInTemplate(source.slice(at + 1, end)));
      at = end + 1;
    } else if (!(opensExpression(tokens.at(-1)) && take(regularExpression))) {
      tokens.push({ kind: 'punctuation', text: source[at]! });
      at++;
    }
  }
  return tokens;
}

/** `{ a, type b as c }` as ['a', 'b']; `* as x` and a default import as ['*']. */
function namesOf(clause: readonly Token[]): string[] {
  const open = clause.findIndex(({ text }) => text === '{');
  const before = (open < 0 ? clause : clause.slice(0, open)).filter(({ text }) => text !== ',' && text !== 'type');
  const inside = open < 0 ? [] : clause.slice(open + 1).map(({ text }) => text);
  const items = inside.join(' ').replace('}', '').split(',');
  const names = items.map(
    (item) =>
      item
        .trim()
        .replace(/^type (?=\S)/, '')
        .split(' ')[0] ?? '',
  );
  return [...(before.length > 0 ? ['*'] : []), ...names.filter((name) => name !== '')];
}

/** The statement that starts at `from` with `import` or `export`, if it names a module. */
function statementAt(tokens: readonly Token[], from: number): (ImportedModule & { length: number }) | undefined {
  const reexport = tokens[from]!.text === 'export';
  const next = tokens[from + 1];
  if (!reexport && next?.kind === 'string') return { specifier: next.text, names: [], reexport, length: 2 };
  for (let at = from + 1; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!;
    const after = tokens[at + 1];
    if (kind === 'word' && text === 'from' && after?.kind === 'string') {
      return { specifier: after.text, names: namesOf(tokens.slice(from + 1, at)), reexport, length: at + 2 - from };
    }
    // Only names, braces, commas, stars and `type`/`as` stand between the keyword and `from`.
    if (kind === 'string' || (kind === 'punctuation' && !['{', '}', ',', '*'].includes(text))) return undefined;
  }
  return undefined;
}

/** `import(…)`, `require(…)` and `new URL(…, import.meta.url)`: a worker's entry is an import as well. */
function callAt(tokens: readonly Token[], at: number): ImportedModule | undefined {
  const { kind, text } = tokens[at]!;
  const argument = tokens[at + 2];
  if (kind !== 'word' || tokens[at + 1]?.text !== '(' || tokens[at - 1]?.text === '.') return undefined;
  if (text === 'URL') {
    const toImportMeta = tokens[at + 4]?.text === 'import' && tokens[at + 6]?.text === 'meta';
    if (!toImportMeta || argument?.kind !== 'string' || !/\.[cm]?[jt]s$/.test(argument.text)) return undefined;
  } else if (text !== 'import' && text !== 'require') return undefined;
  const literal = argument?.kind === 'string' && argument.text !== '`';
  return { specifier: literal ? argument.text : '', names: ['*'], reexport: false };
}

/** Every module that the file names; `ownCode` is false when it does nothing but import and re-export. */
export function scanImports(tokens: readonly Token[]): { modules: ImportedModule[]; ownCode: boolean } {
  const modules: ImportedModule[] = [];
  let ownCode = false;
  for (let at = 0; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!;
    const statement = kind === 'word' && (text === 'import' || text === 'export') && statementAt(tokens, at);
    const found = statement || callAt(tokens, at);
    if (found) modules.push(found);
    if (statement) at += statement.length - 1;
    else if (text !== ';') ownCode = true;
  }
  return { modules, ownCode };
}
