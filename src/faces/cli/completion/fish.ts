/** The completion script for fish: one `complete` for each word, offered where it may stand. */
import { type OptionWord, stepTo, type Value, type WordTree } from './word-tree.ts';

/** To be put into ~/.config/fish/completions/privyseal.fish, or sourced. */
export function fishScript(trees: readonly WordTree[]): string {
  const steps = trees.filter(({ path }) => path !== '');
  const valued = trees.flatMap(({ path, options }) =>
    options.filter(({ value }) => value).flatMap(({ flags }) => flags.map((flag) => `${path} ${flag}`)),
  );
  return `# fish completion of privyseal; made by: privyseal completion fish
function __privyseal_at
    set -l place ''
    set -l previous ''
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test -n "$previous"; and contains -- "$place $previous" $__privyseal_valued
            set previous ''
            continue
        end
        set previous $word
        if set -l index (contains -i -- "$place/$word" $__privyseal_steps)
            set place $__privyseal_places[$index]
        end
    end
    test "$place" = "$argv[1]"
end

set -g __privyseal_steps ${steps.map(({ path }) => fishQuoted(stepTo(path))).join(' ')}
set -g __privyseal_places ${steps.map(({ path }) => fishQuoted(path)).join(' ')}
set -g __privyseal_valued ${valued.map(fishQuoted).join(' ')}

complete -c privyseal -e
complete -c privyseal -f
${trees.flatMap(completions).join('\n')}
`;
}

function completions(tree: WordTree): string[] {
  const { verbs, options, argument } = tree;
  const here = `complete -c privyseal -n ${fishQuoted(`__privyseal_at '${tree.path}'`)}`;
  return [
    ...verbs.map(({ text, description }) => `${here} -a ${fishQuoted(text)} -d ${fishQuoted(description)}`),
    ...(argument ? [`${here} ${valueWords(argument)}`] : []),
    ...options.map((option) => `${here} ${flagWords(option)} -d ${fishQuoted(option.description)}`),
  ];
}

function flagWords({ flags, value }: OptionWord): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
  return value === undefined ? names : `${names} -r ${valueWords(value)}`;
}

function valueWords(value: Value): string {
  if (value.kind === 'choices') return `-a ${fishQuoted(value.choices.join(' '))}`;
  if (value.kind === 'file') return '-F';
  return value.kind === 'folder' ? `-a ${fishQuoted('(__fish_complete_directories)')}` : '';
}

/** In fish a backslash and a quote are escaped within single quotes. */
const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
