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
import { commands, groups } from './commands.js';
import { EXIT, exitCodeOf } from './exit.js';
import { type Parsed, parseArguments } from './program.js';
import { openTerminal } from './terminal.js';

async function main(): Promise<number> {
  const { env } = process;
  const version = readVersion();
  let outlivesReader = false;
  const terminal = openTerminal(env, () => {
    if (!outlivesReader) process.exit(EXIT.ok);
  });
  const parsed = parseArguments(process.argv.slice(2), { commands, groups, version, terminal });
  if (parsed.kind === 'run') outlivesReader = parsed.command.outlivesReader === true;
  const exitCode = parsed.kind === 'done' ? parsed.exitCode : await run(parsed, { terminal, env, version });
  await terminal.flushed();
  return exitCode;
}

async function run(
  { command, args, options, repo }: Extract<Parsed, { kind: 'run' }>,
  rest: Pick<CommandContext, 'terminal' | 'env' | 'version'>,
): Promise<number> {
  const { terminal, env } = rest;
  // Of the shape that the command's definition promises: the parser was made from it.
  const given = { args, options } as Pick<CommandContext, 'args' | 'options'>;
  const identity = () => resolveIdentity(repo === undefined ? { env } : { env, directory: repo });
  try {
    return await command.run({ ...given, ...rest, commands, groups, identity });
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
