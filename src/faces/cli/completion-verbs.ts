/** `privyseal completion bash|zsh|fish`: prints what a shell needs to complete this very version's verbs and options. */
import type { Command } from 'commander';
import type { CliIo } from './terminal/io.ts';

const installed: Readonly<Record<string, string>> = {
  bash: 'privyseal completion bash > ~/.local/share/bash-completion/completions/privyseal',
  zsh: 'privyseal completion zsh > ~/.zfunc/_privyseal    # ~/.zfunc in fpath, before compinit',
  fish: 'privyseal completion fish > ~/.config/fish/completions/privyseal.fish',
};

export function addCompletionVerbs(program: Command, io: CliIo): void {
  const completion = program.command('completion').description('completion of verbs, options and values in your shell');
  const verb = (shell: string, script: (program: Command) => Promise<string>): void => {
    completion
      .command(shell)
      .description(`print the script for ${shell}`)
      .addHelpText('after', `\nExample:\n  $ ${installed[shell]}`)
      .action(async () => void io.stdout.write(await script(program)));
  };
  const trees = async (root: Command) => (await import('./completion/word-tree.ts')).wordTrees(root);
  verb('bash', async (root) => (await import('./completion/bash.ts')).bashScript(await trees(root)));
  verb('zsh', async (root) => (await import('./completion/zsh.ts')).zshScript(await trees(root)));
  verb('fish', async (root) => (await import('./completion/fish.ts')).fishScript(await trees(root)));
}
