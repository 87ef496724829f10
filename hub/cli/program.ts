/**
 * The parser of the command line, made from the command definitions. The only importer of commander.
 *
 * Parses and explains; runs nothing. A mistake is answered with what was wrong, the nearest right word and where to
 * read on, and exit status 2.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { AnyCommand, ArgumentDef, OptionDef, ValueDef } from './command.js';
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
  readonly version: string;
  readonly terminal: Terminal;
}

const SUMMARY = 'A hub for coding agents: one process per git repository.';

export function parseArguments(argv: readonly string[], options: ProgramOptions): Parsed {
  let parsed: Parsed = { kind: 'done', exitCode: EXIT.ok };
  const program = makeProgram(options, (run) => {
    parsed = run;
  });
  try {
    program.parse(helpArguments(argv, options.commands), { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    // Help and version end the same way, with status 0.
    return { kind: 'done', exitCode: thrown.exitCode === 0 ? EXIT.ok : EXIT.usage };
  }
  return parsed;
}

/** Help in its other forms as `--help`, and never as an answer to a command that does not exist. */
function helpArguments(argv: readonly string[], commands: readonly AnyCommand[]): readonly string[] {
  const [first, second] = argv;
  if (first === undefined || (first === 'help' && second === undefined)) return ['--help'];
  const name = first === 'help' ? second : first;
  const known =
    name === undefined || name.startsWith('-') || commands.some((command) => command.name === name);
  if (!known) return [name];
  return first === 'help' && name !== undefined ? [name, '--help'] : argv;
}

function makeProgram({ commands, version, terminal }: ProgramOptions, onRun: (run: Parsed) => void): Command {
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
    .configureHelp({ styleTitle: (text) => terminal.paint('bold', text) })
    .showHelpAfterError('See "botster --help".')
    .addOption(commanderOption('repo', repoOption))
    .addHelpText('after', footer(terminal));
  for (const command of commands) addCommand(program, command, terminal, onRun);
  return program;
}

function addCommand(
  program: Command,
  def: AnyCommand,
  terminal: Terminal,
  onRun: (run: Parsed) => void,
): void {
  const command = program.command(def.name);
  command.summary(def.summary).helpOption('-h, --help', 'explain this command');
  command.description(
    `${capitalized(def.summary)}.${def.description === undefined ? '' : `\n\n${def.description}`}`,
  );
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
          return [name, option.isBoolean() ? value === true : value];
        }),
      ),
      repo: (values['repo'] ?? program.opts<{ repo?: string }>().repo) as string | undefined,
    });
  });
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
