/**
 * The command line's composition root: arguments in, one command run, exit status out.
 *
 * Every failure that can be foreseen is one line that says what happened and what to do; anything else is shown as the
 * defect it is. Loads nothing that the command does not need.
 */
import { HubError } from '../../base/errors.js';
import { resolveIdentity } from '../identity.js';
import { readVersion } from '../paths.js';
import type { CommandContext } from './command.js';
import { commands } from './commands.js';
import { EXIT, exitCodeOf } from './exit.js';
import { parseArguments } from './program.js';
import { openTerminal, type Terminal } from './terminal.js';

async function main(): Promise<number> {
  const { env } = process;
  const terminal = openTerminal(env, () => process.exit(EXIT.ok));
  const version = readVersion();
  const exitCode = await run(terminal, version, (directory) =>
    resolveIdentity({ env, ...(directory === undefined ? {} : { directory }) }),
  );
  await terminal.flushed();
  return exitCode;
}

async function run(
  terminal: Terminal,
  version: string,
  identityOf: (directory: string | undefined) => ReturnType<CommandContext['identity']>,
): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2), { commands, version, terminal });
  if (parsed.kind === 'done') return parsed.exitCode;
  const { command, repo } = parsed;
  // Of the shape that the command's definition promises: the parser was made from it.
  const given = { args: parsed.args, options: parsed.options } as Pick<CommandContext, 'args' | 'options'>;
  try {
    return await command.run({
      ...given,
      terminal,
      env: process.env,
      version,
      commands,
      identity: () => identityOf(repo),
    });
  } catch (thrown) {
    terminal.err(`${terminal.paint('red', 'botster:', 'err')} ${failureText(thrown)}\n`);
    return exitCodeOf(thrown);
  }
}

function failureText(thrown: unknown): string {
  if (thrown instanceof HubError) return thrown.message;
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `this is a defect of botster, please report it:\n${text}`;
}

process.exit(await main());
