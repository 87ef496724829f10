/** The completion script for fish. */
import { repoOption } from './command.js';
import {
  type Choice,
  type CommandChoices,
  type CompletionTree,
  ownWord,
  type Values,
} from './completion-tree.js';

export function fishScript({ commands, groups }: CompletionTree): string {
  const lines = [
    ...optionLines('', [
      { names: ['--repo'], doc: repoOption.doc, value: { words: [], completes: 'directory' } },
      { names: ['--help', '-h'], doc: 'explain botster, or a command', value: undefined },
      { names: ['--version', '-V'], doc: 'print the version', value: undefined },
    ]),
    ...commands.flatMap((command) => [wordLine('', command.name, command.summary), ...commandLines(command)]),
    ...groups.flatMap((group) => [
      wordLine('', group.name, group.summary),
      ...optionLines(group.name, group.options),
      ...group.commands.flatMap((command) => [
        wordLine(group.name, ownWord(command), command.summary),
        ...commandLines(command),
      ]),
    ]),
  ];
  // Compares the command's one or two words, where the first may be a group's.
  return `function __botster_at
    set -l path
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case --repo
                set skip 1
            case '-*'
            case '*'
                set -a path $word
                contains -- "$path" ${groups.map(({ name }) => name).join(' ')}
                or break
        end
    end
    test "$path" = "$argv"
end
complete -c botster -f
${lines.join('\n')}
`;
}

function commandLines(command: CommandChoices): string[] {
  const args =
    command.words.length > 0
      ? [`${at(command.name)} -a ${fishQuote(command.words.join(' '))}`]
      : {
          file: [`${at(command.name)} -F`],
          directory: [`${at(command.name)} -a '(__fish_complete_directories)'`],
          nothing: [],
        }[command.completes];
  return [...optionLines(command.name, command.options), ...args];
}

function optionLines(path: string, options: readonly Choice[]): string[] {
  return options.map(({ names, doc, value }) => {
    const [long = '', short] = names;
    const shortFlag = short === undefined ? '' : ` -s ${short.slice(1)}`;
    return `${at(path)} -l ${long.slice(2)}${shortFlag}${fishValue(value)} -d ${fishQuote(doc)}`;
  });
}

/** Offers a word where the command line has got as far as `path`. */
function wordLine(path: string, word: string, summary: string): string {
  return `${at(path)} -a ${word} -d ${fishQuote(summary)}`;
}

function at(path: string): string {
  return `complete -c botster -n '__botster_at ${path === '' ? '""' : path}'`;
}

function fishValue(value: Values | undefined): string {
  if (value === undefined) return '';
  if (value.words.length > 0) return ` -x -a ${fishQuote(value.words.join(' '))}`;
  return { file: ' -r -F', directory: " -x -a '(__fish_complete_directories)'", nothing: ' -x' }[
    value.completes
  ];
}

function fishQuote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
