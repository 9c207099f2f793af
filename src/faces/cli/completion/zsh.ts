/** The completion script for zsh: the same walk as bash's, with descriptions beside the words. */
import { inSingleQuotes } from '../terminal/quoted.ts';
import { type OptionWord, stepTo, type Value, type WordTree } from './word-tree.ts';

/** To be put into a folder of fpath as `_privyseal`, or evaluated after compinit. */
export function zshScript(trees: readonly WordTree[]): string {
  const steps = trees.filter(({ path }) => path !== '');
  const valued = trees.flatMap((tree) => tree.options.flatMap((option) => valuedOption(tree, option)));
  return `#compdef privyseal
# zsh completion of privyseal; made by: privyseal completion zsh
_privyseal() {
  local place="" previous="" word
  local -i index
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    if [[ -n "$previous" ]] && (( \${+_privyseal_valued[$place $previous]} )); then
      previous=""
      continue
    fi
    previous="$word"
    (( \${+_privyseal_steps[$place/$word]} )) && place="\${_privyseal_steps[$place/$word]}"
  done
  if [[ -n "$previous" ]] && (( \${+_privyseal_valued[$place $previous]} )); then
    eval "\${_privyseal_valued[$place $previous]}"
    return
  fi
  local -a offered
  case "$place" in
${trees.map((tree) => `    ${inSingleQuotes(tree.path)}) ${wordsAt(tree)} ;;`).join('\n')}
  esac
}

typeset -gA _privyseal_steps _privyseal_valued
_privyseal_steps=(
${steps.map(({ path }) => `  ${inSingleQuotes(stepTo(path))} ${inSingleQuotes(path)}`).join('\n')}
)
_privyseal_valued=(
${valued.join('\n')}
)

if [[ "\${funcstack[1]}" = _privyseal ]]; then _privyseal "$@"; else compdef _privyseal privyseal; fi
`;
}

const valuedOption = ({ path }: WordTree, { flags, value }: OptionWord): string[] =>
  value === undefined
    ? []
    : flags.map((flag) => `  ${inSingleQuotes(`${path} ${flag}`)} ${inSingleQuotes(actOf(value))}`);

function actOf(value: Value): string {
  if (value.kind === 'choices') return `compadd -- ${value.choices.map(inSingleQuotes).join(' ')}`;
  if (value.kind === 'file') return '_files';
  return value.kind === 'folder' ? '_files -/' : '_message value';
}

function wordsAt({ verbs, options, argument }: WordTree): string {
  const flags = options.flatMap((option) =>
    option.flags.filter((flag) => flag.startsWith('--')).map((flag) => described(flag, option.description)),
  );
  const describe = (kind: string, words: readonly string[]): string =>
    `offered=(${words.join(' ')}); _describe ${kind} offered`;
  const verbWords = verbs.map(({ text, description }) => described(text, description));
  const rest =
    verbWords.length > 0 ? describe('verb', verbWords) : argument ? actOf(argument) : describe('option', flags);
  return `if [[ "$PREFIX" = -* ]]; then ${describe('option', flags)}; else ${rest}; fi`;
}

const described = (word: string, description: string): string =>
  inSingleQuotes(`${word.replaceAll(':', '\\:')}:${description}`);
