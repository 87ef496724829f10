/**
 * The parser of the command line, made from the command definitions. The only importer of commander.
 *
 * Parses and explains; runs nothing. A mistake is answered with what was wrong, the nearest right word and where to
 * read on, and exit status 2.
 */
import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import type { AnyCommand, ArgumentDef, GroupDef, OptionDef, ValueDef } from './command.js';
import { repoOption } from './command.js';
import { EXIT, exitCodeDocs } from './exit.js';
import type { Terminal } from './terminal.js';

/** What the arguments ask for: a command to run, or nothing more (help was shown, or a mistake explained). */
export type Parsed =
  | {
      readonly kind: 'run';
      readonly command: AnyCommand;
      readonly args: Readonly<Record<string, unknown>>;
      readonly options: Readonly<Record<string, unknown>>;
      readonly repo: string | undefined;
    }
  | { readonly kind: 'done'; readonly exitCode: number };

export interface ProgramOptions {
  readonly commands: readonly AnyCommand[];
  readonly groups: readonly GroupDef[];
  readonly version: string;
  readonly terminal: Terminal;
}

const SUMMARY = 'A hub for coding agents: one process per git repository.';

export function parseArguments(argv: readonly string[], options: ProgramOptions): Parsed {
  let parsed: Parsed = { kind: 'done', exitCode: EXIT.ok };
  const words = helpArguments(argv, options);
  const program = makeProgram(options, defaultGroup(words, options.groups), (run) => {
    parsed = run;
  });
  try {
    program.parse(words, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    // Help and version end the same way, with status 0.
    return { kind: 'done', exitCode: thrown.exitCode === 0 ? EXIT.ok : EXIT.usage };
  }
  return parsed;
}

/** Help in its other forms as `--help`, and never as an answer to a command that does not exist. */
function helpArguments(argv: readonly string[], { commands, groups }: ProgramOptions): readonly string[] {
  const top = asksHelp(argv);
  const [first] = top.rest;
  if (first === undefined) return ['--help'];
  const group = groups.find(({ name }) => name === first);
  if (group === undefined) {
    if (!first.startsWith('-') && !commands.some(({ name }) => name === first)) return [first];
    return top.help ? [first, '--help'] : argv;
  }
  const inGroup = asksHelp(top.rest.slice(1));
  const help = top.help || inGroup.help;
  const [second] = inGroup.rest;
  if (second === undefined) return group.default === undefined || help ? [first, '--help'] : argv;
  if (second.startsWith('-')) return help ? [first, '--help'] : argv;
  if (!commands.some(({ name }) => name === `${first} ${second}`)) return [first, second];
  return help ? [first, second, '--help'] : argv;
}

/** The group that is named without one of its commands, so that its default command is meant. */
function defaultGroup(argv: readonly string[], groups: readonly GroupDef[]): string | undefined {
  const words = argv.filter((word, index) => !word.startsWith('-') && argv[index - 1] !== '--repo');
  const [first, second] = words;
  return second === undefined ? groups.find(({ name }) => name === first)?.name : undefined;
}

/** Whether words begin with `help`, and those after it. */
function asksHelp(words: readonly string[]): { readonly help: boolean; readonly rest: readonly string[] } {
  const help = words[0] === 'help';
  return { help, rest: help ? words.slice(1) : words };
}

function makeProgram(
  options: ProgramOptions,
  defaultOf: string | undefined,
  onRun: (run: Parsed) => void,
): Command {
  const { commands, groups, version, terminal } = options;
  const program = new Command('botster')
    .description(SUMMARY)
    .usage('COMMAND [OPTIONS] [ARGUMENTS]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain botster, or a command')
    .helpCommand('help [COMMAND]', 'explain botster, or a command')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) =>
        write(text.replace(/^error: /, terminal.paint('red', 'botster: ', 'err'))),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
      getOutHasColors: () => terminal.color.out,
      getErrHasColors: () => terminal.color.err,
    })
    .configureHelp({
      styleTitle: (text) => terminal.paint('bold', text),
      subcommandTerm,
    })
    .showHelpAfterError('See "botster --help".')
    .addOption(commanderOption('repo', repoOption))
    .addHelpText('after', footer(terminal));
  const parents = new Map<string, Command>();
  for (const def of commands) {
    const [first = '', second] = def.name.split(' ');
    if (second === undefined) {
      addCommand({ parent: program, name: first, def, terminal, onRun });
      continue;
    }
    const group = groupNamed(first, groups);
    const parent = parents.get(first) ?? addGroup(program, group);
    parents.set(first, parent);
    const isDefault = first === defaultOf && second === group.default;
    addCommand({ parent, name: second, isDefault, def, terminal, onRun });
  }
  return program;
}

function groupNamed(name: string, groups: readonly GroupDef[]): GroupDef {
  const group = groups.find((candidate) => candidate.name === name);
  if (group === undefined) throw new Error(`no group of commands is called ${name}`);
  return group;
}

/** Stands in the help where its first command stands in the list. */
function addGroup(program: Command, def: GroupDef): Command {
  return program
    .command(def.name)
    .usage(`${commandWord(def)} [OPTIONS] [ARGUMENTS]`)
    .summary(def.summary)
    .description(describe(def))
    .helpOption('-h, --help', 'explain these commands')
    .helpCommand(false)
    .enablePositionalOptions()
    .showHelpAfterError(`See "botster ${def.name} --help".`)
    .addOption(commanderOption('repo', repoOption))
    .addHelpText('after', `\nbotster ${def.name} COMMAND --help explains a command.`);
}

/** How usage names what follows a group's name. */
function commandWord({ default: word }: GroupDef): string {
  return word === undefined ? 'COMMAND' : '[COMMAND]';
}

function describe({ summary, description }: GroupDef): string {
  return `${capitalized(summary)}.${description === undefined ? '' : `\n\n${description}`}`;
}

const plainHelp = new Help();

/** How a list of commands names one: with its arguments, or as a group. */
function subcommandTerm(command: Command): string {
  return command.commands.length > 0
    ? `${command.name()} ${command.usage().split(' ', 1)[0]}`
    : plainHelp.subcommandTerm(command);
}

interface CommandToAdd {
  readonly parent: Command;
  /** Its own word. */
  readonly name: string;
  /** Runs when none of its group is named. */
  readonly isDefault?: boolean;
  readonly def: AnyCommand;
  readonly terminal: Terminal;
  readonly onRun: (run: Parsed) => void;
}

function addCommand({ parent, name, isDefault = false, def, terminal, onRun }: CommandToAdd): void {
  const command = parent.command(name, { isDefault });
  command.summary(def.summary).description(describe(def)).helpOption('-h, --help', 'explain this command');
  command.showHelpAfterError(`See "botster ${def.name} --help".`);
  for (const argument of Object.values(def.args as Record<string, ArgumentDef>)) {
    command.addArgument(commanderArgument(command, argument));
  }
  const options = Object.entries(def.options as Record<string, OptionDef>).map(
    ([name, option]) => [name, commanderOption(name, option)] as const,
  );
  for (const [, option] of options) command.addOption(option);
  if (!def.global) command.addOption(commanderOption('repo', repoOption));
  if (def.passThrough) command.passThroughOptions();
  command.addHelpText('after', examplesText(def, terminal));
  command.action(() => {
    const values = command.opts<Record<string, unknown>>();
    const argNames = Object.keys(def.args as object);
    onRun({
      kind: 'run',
      command: def,
      args: Object.fromEntries(
        argNames.map((name, index) => [name, command.processedArgs[index] as unknown]),
      ),
      options: Object.fromEntries(
        options.map(([name, option]) => {
          const value = values[option.attributeName()];
          // Of --no-x the parser says that x is false.
          if (option.negate) return [name, value === false];
          // A flag `--no-x` is for commander one that makes `x` false.
          if (option.negate) return [name, value === false];
          return [name, option.isBoolean() ? value === true : value];
        }),
      ),
      repo: nearestRepo(command),
    });
  });
}

/** `--repo` of the command, its group or the program: what is said last counts. */
function nearestRepo(command: Command): string | undefined {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const { repo } = at.opts<{ repo?: string }>();
    if (repo !== undefined) return repo;
  }
  return undefined;
}

function commanderArgument(command: Command, def: ArgumentDef) {
  const shown = def.rest ? `${def.shown}...` : def.shown;
  const argument = command.createArgument(def.optional || def.rest ? `[${shown}]` : `<${shown}>`, def.doc);
  if (def.rest) argument.default([], 'none');
  if (def.choices !== undefined) argument.choices(def.choices);
  return argument;
}

function commanderOption(name: string, def: OptionDef): Option {
  const short = def.short === undefined ? '' : `-${def.short}, `;
  if (def.type === 'flag') return new Option(`${short}--${name}`, def.doc);
  const option = new Option(`${short}--${name} <${def.shown}>`, def.doc);
  if (def.choices !== undefined) option.choices(def.choices);
  if (def.default !== undefined) option.default(def.default);
  if (def.type === 'number') option.argParser((text) => parseNumber(text, def));
  return option;
}

function parseNumber(text: string, def: ValueDef): number {
  const value = Number(text);
  const min = def.min ?? 0;
  if (text.trim() === '' || !Number.isFinite(value) || value < min) {
    throw new InvalidArgumentError(`A number of at least ${min} is needed.`);
  }
  return value;
}

function examplesText(def: AnyCommand, terminal: Terminal): string {
  if (def.examples.length === 0) return '';
  const lines = def.examples.map(({ doc, line }) => `  ${line}\n      ${terminal.paint('dim', doc)}`);
  return `\n${terminal.paint('bold', 'Examples:')}\n${lines.join('\n')}`;
}

function footer(terminal: Terminal): string {
  const codes = exitCodeDocs.map(([code, doc]) => `  ${code}  ${doc}`).join('\n');
  return `\n${terminal.paint('bold', 'Exit status:')}\n${codes}\n\nbotster COMMAND --help explains a command.`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
