/** The completion script for bash. */
import type { Completes } from './command.js';
import { type CommandChoices, type CompletionTree, ownWord, type Values } from './completion-tree.js';

const bashAction: Readonly<Record<Completes, string>> = {
  file: 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur"))',
  directory: 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur"))',
  nothing: 'COMPREPLY=()',
};

export function bashScript({ commands, groups }: CompletionTree): string {
  const names = [...commands, ...groups].map(({ name }) => name);
  const cases = [
    ...commands.map(commandCase),
    ...groups.flatMap((group) => [
      `    ${group.name}) ${bashWords(`${[...group.commands.map(ownWord), ...group.options.flatMap(({ names }) => names)].join(' ')} --repo --help`)} ;;`,
      ...group.commands.map(commandCase),
    ]),
  ];
  // `command` is the command's one or two words; `group` a first word that wants a second.
  return `_botster() {
  local IFS=$' \\t\\n' cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= group= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      --repo) ((i++)) ;;
      -*) ;;
      *)
        command=$group\${COMP_WORDS[i]}
        case $command in
          ${groups.length === 0 ? "''" : groups.map(({ name }) => name).join('|')}) group="$command " ;;
          *) break ;;
        esac ;;
    esac
  done
  IFS=$'\\n'
  if [[ $prev == --repo ]]; then ${bashAction.directory}; return; fi
  case $command in
    '')
      ${bashWords(`${names.join(' ')} --repo --help --version`)} ;;
${cases.join('\n')}
  esac
}
complete -F _botster botster ./botster
`;
}

function commandCase(command: CommandChoices): string {
  const values = command.options.flatMap(({ names, value }) =>
    value === undefined ? [] : [`        ${names.join('|')}) ${bashValue(value)}; return ;;`],
  );
  const options = command.options.flatMap(({ names }) => names).join(' ');
  return [
    `    '${command.name}')`,
    ...(values.length === 0 ? [] : ['      case $prev in', ...values, '      esac']),
    `      if [[ $cur == -* ]]; then ${bashWords(options)}; return; fi`,
    `      ${bashValue(command)} ;;`,
  ].join('\n');
}

function bashValue({ words, completes }: Values): string {
  return words.length > 0 ? bashWords(words.join(' ')) : bashAction[completes];
}

function bashWords(words: string): string {
  return `COMPREPLY=($(IFS=' '; compgen -W '${words}' -- "$cur"))`;
}
