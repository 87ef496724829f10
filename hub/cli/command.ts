/**
 * One definition per command: what it takes, what it is for, what it does.
 *
 * From the definition come the parser, the help, the shell completions and the reference page, so they cannot disagree.
 * Definitions are data and import nothing heavy; `run` imports what it needs when it runs, because every command pays
 * for what is loaded before.
 */
import type { HubIdentity } from '../../primitives/context.js';
import type { Terminal } from './terminal.js';

/** What a shell may complete a value with. */
export type Completes = 'file' | 'directory' | 'nothing';

export interface ArgumentDef {
  readonly doc: string;
  /** How help names it, in capitals: `FILE`. */
  readonly shown: string;
  readonly optional?: true;
  /** Takes everything that is left. Only the last argument may. */
  readonly rest?: true;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}

export interface FlagDef {
  readonly type: 'flag';
  readonly doc: string;
  /** One letter. */
  readonly short?: string;
}

export interface ValueDef {
  readonly type: 'text' | 'number';
  readonly doc: string;
  /** How help names the value, in capitals: `DIR`. */
  readonly shown: string;
  readonly short?: string;
  readonly choices?: readonly string[];
  /** For numbers. */
  readonly min?: number;
  readonly default?: string | number;
  readonly completes?: Completes;
}

export type OptionDef = FlagDef | ValueDef;
export type Arguments = Readonly<Record<string, ArgumentDef>>;
export type Options = Readonly<Record<string, OptionDef>>;

type ArgumentValue<A> = A extends { readonly rest: true }
  ? readonly string[]
  : A extends { readonly optional: true }
    ? string | undefined
    : string;
type PlainValue<O> = O extends { readonly type: 'flag' }
  ? boolean
  : O extends { readonly type: 'number' }
    ? number
    : O extends { readonly choices: readonly (infer C)[] }
      ? C
      : string;
type OptionValue<O> = O extends { readonly type: 'flag' } | { readonly default: string | number }
  ? PlainValue<O>
  : PlainValue<O> | undefined;

export interface CommandContext<A extends Arguments = Arguments, O extends Options = Options> {
  readonly args: { readonly [K in keyof A]: ArgumentValue<A[K]> };
  readonly options: { readonly [K in keyof O]: OptionValue<O[K]> };
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** Release version of this program. */
  readonly version: string;
  /** All commands and groups, for those that describe them. */
  readonly commands: readonly AnyCommand[];
  readonly groups: readonly GroupDef[];
  /** The hub that the command is about (`--repo`, or around the current directory). Errors: repo.*, git.*. */
  readonly identity: () => Promise<HubIdentity>;
}

export interface ExampleDef {
  readonly doc: string;
  /** A whole command line. */
  readonly line: string;
}

export interface CommandDef<A extends Arguments = Arguments, O extends Options = Options> {
  /** One word, or two: the group's name (commands.ts lists the groups) and its own. */
  readonly name: string;
  /** One line without a full stop. */
  readonly summary: string;
  /** Paragraphs below the summary in the command's own help. */
  readonly description?: string;
  readonly args: A;
  readonly options: O;
  readonly examples: readonly ExampleDef[];
  /** Options end at the first argument, so that the rest can be somebody else's. */
  readonly passThrough?: true;
  /** Goes on when nobody reads its output any more. Others end then, as `cat` does. */
  readonly outlivesReader?: true;
  /** Has nothing to do with a repository: no --repo. */
  readonly global?: true;
  /** Resolves with the exit status. A HubError that it throws is shown as it reads. */
  run(context: CommandContext<A, O>): Promise<number>;
}

/** Commands that share a first word: `session send`, `session screen`. */
export interface GroupDef {
  readonly name: string;
  /** One line without a full stop. */
  readonly summary: string;
  /** Paragraphs below the summary in the group's help. */
  readonly description?: string;
  /** The own word of the command that runs when none is named. Without: help is shown. */
  readonly default?: string;
}

export function defineCommand<const A extends Arguments, const O extends Options>(
  definition: CommandDef<A, O>,
): CommandDef<A, O> {
  return definition;
}

/** A command among others, its own types forgotten. */
// biome-ignore lint/suspicious/noExplicitAny: a list of commands has to take every command's types
export type AnyCommand = CommandDef<any, any>;

/** Shared by every command that is about a repository. */
export const repoOption = {
  type: 'text',
  shown: 'DIR',
  doc: 'the repository (default: the one around the current directory)',
  completes: 'directory',
} as const satisfies OptionDef;

/** For commands whose result a script may want. */
export const jsonOption = { type: 'flag', doc: 'print JSON' } as const satisfies OptionDef;
