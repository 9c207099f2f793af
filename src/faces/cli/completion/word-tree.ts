/** What may be typed where, read off the tree of verbs: the one source of the scripts for every shell. */
import type { Argument, Command, Option } from 'commander';

export interface WordTree {
  /** Verbs that lead here, with a space between: `context add`; empty for the program itself. */
  readonly path: string;
  readonly verbs: readonly Word[];
  readonly options: readonly OptionWord[];
  /** Of the first argument; later ones are like it. */
  readonly argument: Value | undefined;
}

export interface Word {
  readonly text: string;
  readonly description: string;
}

export interface OptionWord {
  /** `-f` and `--file`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Undefined for a switch. */
  readonly value: Value | undefined;
}

/** What stands for an argument or follows an option: one of some words, a path, or what nobody can guess. */
export type Value = { readonly kind: 'choices'; readonly choices: readonly string[] } | { readonly kind: ValueKind };
type ValueKind = 'file' | 'folder' | 'any';

/** The program first, then each of its verbs with the verbs below it. Hidden verbs stay hidden. */
export function wordTrees(program: Command): WordTree[] {
  const own = program.options.filter(({ hidden }) => !hidden);
  const walk = (command: Command, path: string): WordTree[] => {
    const shown = command.createHelp().visibleCommands(command);
    const options = command === program ? own : [...command.options.filter(({ hidden }) => !hidden), ...own];
    const tree: WordTree = {
      path,
      verbs: shown.map((verb) => ({ text: verb.name(), description: verb.description() })),
      options: [...options.map(optionWord), helpWord],
      argument: command.registeredArguments[0] && valueFor(command.registeredArguments[0], placeholder(command)),
    };
    // `help` is the library's own: it takes the names of verbs, which are listed above it.
    const below = shown.filter((verb) => verb.name() !== 'help');
    return [tree, ...below.flatMap((verb) => walk(verb, path === '' ? verb.name() : `${path} ${verb.name()}`))];
  };
  return walk(program, '');
}

const helpWord: OptionWord = { flags: ['-h', '--help'], description: 'help for this verb', value: undefined };

const placeholder = (command: Command): string => `<${command.registeredArguments[0]?.name() ?? ''}>`;

function optionWord(option: Option): OptionWord {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const takesValue = option.required || option.optional;
  return { flags, description: option.description, value: takesValue ? valueFor(option, option.flags) : undefined };
}

function valueFor({ argChoices }: Option | Argument, text: string): Value {
  if (argChoices) return { kind: 'choices', choices: argChoices };
  if (/<(?:file|bundle)>/.test(text)) return { kind: 'file' };
  return { kind: /<(?:dir|folder)>/.test(text) ? 'folder' : 'any' };
}

/** The step into a place: from `context`, by the word `add`, as `context/add`. */
export function stepTo(path: string): string {
  const words = path.split(' ');
  return `${words.slice(0, -1).join(' ')}/${words.at(-1)}`;
}
