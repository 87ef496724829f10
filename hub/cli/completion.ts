/**
 * `botster completion SHELL`: prints a script that teaches a shell to complete botster's command line.
 */
import { defineCommand } from './command.js';

export const completionCommand = defineCommand({
  name: 'completion',
  summary: 'print a completion script for a shell',
  description:
    'bash: add   eval "$(botster completion bash)"   to ~/.bashrc\n' +
    'zsh:  add   eval "$(botster completion zsh)"    to ~/.zshrc, after compinit\n' +
    'fish: botster completion fish > ~/.config/fish/completions/botster.fish',
  args: { shell: { shown: 'SHELL', doc: 'which shell', choices: ['bash', 'zsh', 'fish'] } },
  options: {},
  global: true,
  examples: [
    { line: 'eval "$(botster completion bash)"', doc: 'complete botster in this shell, from now on' },
  ],
  async run({ args, terminal, commands, groups }) {
    const { completionScript } = await import('./completion-script.js');
    terminal.out(completionScript(args.shell as 'bash' | 'zsh' | 'fish', commands, groups));
    return 0;
  },
});
