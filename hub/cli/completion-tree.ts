/**
 * What the completion scripts are made from: commands and groups, with what may stand where.
 */
import {
  type AnyCommand,
  type ArgumentDef,
  type Completes,
  type GroupDef,
  type OptionDef,
  repoOption,
} from './command.js';

/** What a shell needs to know of one option. */
export interface Choice {
  readonly names: readonly string[];
  readonly doc: string;
  /** Undefined for flags. */
  readonly value: Values | undefined;
}

/** Words, or if there are none what else. */
export interface Values {
  readonly words: readonly string[];
  readonly completes: Completes;
}

/** A command; what its arguments may be are its `Values`. */
export interface CommandChoices extends Values {
  /** One word or two. */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Choice[];
}

/** What the scripts are made from. */
export interface CompletionTree {
  /** Those whose name is one word. */
  readonly commands: readonly CommandChoices[];
  readonly groups: readonly {
    readonly name: string;
    readonly summary: string;
    readonly commands: readonly CommandChoices[];
    /** Of the command that runs when none is named; none if there is no such. */
    readonly options: readonly Choice[];
  }[];
}

export function completionTree(commands: readonly AnyCommand[], groups: readonly GroupDef[]): CompletionTree {
  const known = commands.map(choicesOf);
  const inGroup = (group: string) => known.filter(({ name }) => name.startsWith(`${group} `));
  return {
    commands: [...known.filter(({ name }) => !name.includes(' ')), helpChoices(commands, groups)],
    groups: groups.map(({ name, summary, default: word }) => ({
      name,
      summary,
      commands: inGroup(name),
      options: ownOptions(inGroup(name).find((command) => ownWord(command) === word)),
    })),
  };
}

/** Without those that every group has too. */
function ownOptions(command: CommandChoices | undefined): readonly Choice[] {
  return (command?.options ?? []).filter(
    ({ names }) => !names.includes('--help') && !names.includes('--repo'),
  );
}

/** The last word of a command's name. */
export function ownWord({ name }: { readonly name: string }): string {
  return name.slice(name.indexOf(' ') + 1);
}

function choicesOf(def: AnyCommand): CommandChoices {
  const own = def.options as Record<string, OptionDef>;
  const options: Record<string, OptionDef> = def.global ? own : { ...own, repo: repoOption };
  const args = Object.values(def.args as Record<string, ArgumentDef>);
  return {
    name: def.name,
    summary: def.summary,
    options: [
      ...Object.entries(options).map(([name, option]) => optionChoice(name, option)),
      { names: ['--help', '-h'], doc: 'explain this command', value: undefined },
    ],
    words: args.flatMap(({ choices }) => choices ?? []),
    completes: args.find(({ completes }) => completes !== undefined)?.completes ?? 'nothing',
  };
}

function helpChoices(commands: readonly AnyCommand[], groups: readonly GroupDef[]): CommandChoices {
  const words = [...new Set([...commands, ...groups].map(({ name }) => name.split(' ', 1)[0] ?? ''))];
  return { name: 'help', summary: 'explain botster, or a command', options: [], words, completes: 'nothing' };
}

function optionChoice(name: string, def: OptionDef): Choice {
  const names = def.short === undefined ? [`--${name}`] : [`--${name}`, `-${def.short}`];
  if (def.type === 'flag') return { names, doc: def.doc, value: undefined };
  return { names, doc: def.doc, value: { words: def.choices ?? [], completes: def.completes ?? 'nothing' } };
}
