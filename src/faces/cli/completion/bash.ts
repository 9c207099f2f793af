/** The completion script for bash: one function, with a case for each place in the tree of verbs. */
import { inSingleQuotes } from '../terminal/quoted.ts';
import { type OptionWord, stepTo, type Value, type WordTree } from './word-tree.ts';

/** To be put into a file of bash-completion, or evaluated; needs bash 3.2, and nothing else. */
export function bashScript(trees: readonly WordTree[]): string {
  const paths = trees.map(({ path }) => path).filter((path) => path !== '');
  return `# bash completion of privyseal; made by: privyseal completion bash
_privyseal() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="" place="" word index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [ -n "$previous" ] && _privyseal_takes_value "$place" "$previous"; then
      previous=""
      continue
    fi
    previous="$word"
    case "$place/$word" in
${lines(paths, (path) => `      ${inSingleQuotes(stepTo(path))}) place=${inSingleQuotes(path)} ;;`)}
    esac
  done
  _privyseal_values "$place" "$previous" && return
  case "$place" in
${lines(trees, (tree) => `    ${inSingleQuotes(tree.path)}) ${wordsAt(tree)} ;;`)}
  esac
}

_privyseal_words() { COMPREPLY=($(compgen -W "$1" -- "$current")); }
_privyseal_files() { compopt -o filenames 2>/dev/null; IFS=$'\\n' read -r -d '' -a COMPREPLY < <(compgen -f -- "$current"; printf '\\0'); }
_privyseal_folders() { compopt -o filenames 2>/dev/null; IFS=$'\\n' read -r -d '' -a COMPREPLY < <(compgen -d -- "$current"; printf '\\0'); }

_privyseal_takes_value() {
  case "$1 $2" in
${lines(
  trees.filter((tree) => withValue(tree).length > 0),
  (tree) => `    ${patterns(tree, withValue(tree))}) return 0 ;;`,
)}
  esac
  return 1
}

_privyseal_values() {
  case "$1 $2" in
${lines(
  trees.flatMap((tree) => withValue(tree).map((option) => ({ tree, option }))),
  ({ tree, option }) => `    ${patterns(tree, [option])}) ${valueWords(option.value!)} ;;`,
)}
    *) return 1 ;;
  esac
  return 0
}

complete -F _privyseal privyseal
`;
}

const lines = <Item>(items: readonly Item[], line: (item: Item) => string): string => items.map(line).join('\n');

const withValue = ({ options }: WordTree): readonly OptionWord[] => options.filter(({ value }) => value !== undefined);

const patterns = ({ path }: WordTree, options: readonly OptionWord[]): string =>
  options.flatMap(({ flags }) => flags.map((flag) => inSingleQuotes(`${path} ${flag}`))).join(' | ');

/** Options are offered where they are begun, or where there is nothing else to offer. */
function wordsAt({ verbs, options, argument }: WordTree): string {
  const flags = options.flatMap((option) => option.flags.filter((flag) => flag.startsWith('--'))).join(' ');
  const words = verbs.map(({ text }) => text).join(' ');
  const rest = verbs.length > 0 ? `_privyseal_words ${inSingleQuotes(words)}` : argumentWords(argument, flags);
  return `case "$current" in -*) _privyseal_words ${inSingleQuotes(flags)} ;; *) ${rest} ;; esac`;
}

const argumentWords = (argument: Value | undefined, flags: string): string =>
  argument === undefined ? `_privyseal_words ${inSingleQuotes(flags)}` : valueWords(argument);

function valueWords(value: Value): string {
  if (value.kind === 'choices') return `_privyseal_words ${inSingleQuotes(value.choices.join(' '))}`;
  if (value.kind === 'file') return '_privyseal_files';
  return value.kind === 'folder' ? '_privyseal_folders' : ':';
}
