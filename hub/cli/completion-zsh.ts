/** The completion script for zsh. */
import type { Completes } from './command.js';
import {
  type Choice,
  type CommandChoices,
  type CompletionTree,
  ownWord,
  type Values,
} from './completion-tree.js';

const zshAction: Readonly<Record<Completes, string>> = {
  file: '_files',
  directory: '_files -/',
  nothing: ' ',
};

export function zshScript({ commands, groups }: CompletionTree): string {
  const list = [...commands, ...groups].map(({ name, summary }) => described(name, summary));
  const cases = [
    ...commands.map((command) => `    ${command.name}) ${argumentsOf(command)} ;;`),
    ...groups.map(({ name }) => `    ${name}) _botster_${name} ;;`),
  ];
  const functions = groups.map((group) => {
    const words = group.commands.map((command) => described(ownWord(command), command.summary));
    const own = group.commands.map((command) => `    ${ownWord(command)}) ${argumentsOf(command)} ;;`);
    return `_botster_${group.name}() {
${twoLevels({ list: words, cases: own, options: [...group.options.flatMap(optionSpecs), "'(-h --help)'{-h,--help}'[explain these commands]'"].join(' ') })}
}
`;
  });
  const options =
    "'(-h --help)'{-h,--help}'[explain botster]' '(-V --version)'{-V,--version}'[print the version]'";
  return `${functions.join('')}_botster() {
${twoLevels({ list, cases, options })}
}
compdef _botster botster ./botster
`;
}

interface Level {
  /** Its commands, described. */
  readonly list: readonly string[];
  readonly cases: readonly string[];
  readonly options: string;
}

/** Completes a command's name, then what it takes. */
function twoLevels({ list, cases, options }: Level): string {
  return `  local -a commands
  commands=(
${list.join('\n')}
  )
  local curcontext=$curcontext state line
  _arguments -C -s : '--repo[the repository]:directory:_files -/' ${options} \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument) case $line[1] in
${cases.join('\n')}
    esac ;;
  esac`;
}

function described(name: string, summary: string): string {
  return `    ${zshQuote(`${name}:${summary.replaceAll(':', '\\:')}`)}`;
}

function argumentsOf(command: CommandChoices): string {
  const specs = command.options.flatMap(optionSpecs);
  return `_arguments -s : ${[...specs, zshQuote(`*:argument:${zshValue(command)}`)].join(' ')}`;
}

function optionSpecs({ names, doc, value }: Choice): string[] {
  const action = value === undefined ? '' : `:value:${zshValue(value)}`;
  return names.map((name) =>
    zshQuote(`(${names.join(' ')})${name}[${doc.replace(/[[\]:]/g, '\\$&')}]${action}`),
  );
}

function zshValue({ words, completes }: Values): string {
  return words.length > 0 ? `(${words.join(' ')})` : zshAction[completes];
}

function zshQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
