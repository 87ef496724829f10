/**
 * `botster agent new BRANCH`: starts an agent in the worktree of a branch, and says how to reach it.
 */
import { fail } from '../../../base/errors.js';
import type { ParamsOf } from '../../../protocol/methods.js';
import { defineCommand, jsonOption } from '../command.js';
import { withHub } from '../connect.js';
import { printable } from '../printable.js';
import type { Terminal } from '../terminal.js';
import { progressLine } from './progress-line.js';

export const agentNewCommand = defineCommand({
  name: 'agent new',
  summary: 'start an agent on a branch, in a worktree of its own',
  description:
    'Makes the branch and its worktree if they are not there, and starts the agent in it. It goes on when this ' +
    'terminal is closed, and when the hub ends. Without --agent or --cmd it is the setting default_agent, or a shell. ' +
    'If a step fails, what this command made is taken back.',
  args: {
    branch: { shown: 'BRANCH', doc: 'the branch to work on', optional: true, completes: 'nothing' },
  },
  options: {
    agent: {
      type: 'text',
      short: 'a',
      shown: 'NAME',
      doc: 'the kind of agent: see "botster agent types"',
      completes: 'nothing',
    },
    cmd: {
      type: 'text',
      short: 'c',
      shown: 'CMD',
      doc: 'run this command line instead of a known agent',
      completes: 'nothing',
    },
    prompt: {
      type: 'text',
      short: 'p',
      shown: 'TEXT',
      doc: 'what it is to do; - reads it from stdin',
      completes: 'nothing',
    },
    from: {
      type: 'text',
      shown: 'REF',
      doc: 'where a new branch begins (default: HEAD of the main checkout)',
      completes: 'nothing',
    },
    name: { type: 'text', shown: 'NAME', doc: 'a name for it (default: the branch)', completes: 'nothing' },
    'in-place': { type: 'flag', doc: 'run in the main checkout, on what it has; then without BRANCH' },
    'no-accessories': { type: 'flag', doc: 'do not start the accessories of the worktree' },
    json: jsonOption,
  },
  examples: [
    { line: 'botster agent new feature/login --agent claude', doc: 'Claude Code, on a new branch' },
    { line: 'botster agent new fix/typo -a codex -p "Fix the typo in README.md"', doc: 'with a task' },
    { line: 'botster agent new spike --cmd "npm run dev" --from origin/main', doc: 'any command' },
    { line: 'botster agent new x --json | jq -r .session_uuid', doc: 'for scripts' },
  ],
  async run({ args, options, terminal, identity }) {
    const { agent, cmd, from, name, json } = options;
    if (agent !== undefined && cmd !== undefined)
      throw fail('cli.usage', 'Say either --agent or --cmd, not both.');
    const prompt = options.prompt === '-' ? await promptFrom(terminal) : options.prompt;
    const params: ParamsOf<'agent.new'> = {
      ...(args.branch === undefined ? {} : { branch: args.branch }),
      ...(options['in-place'] ? { in_place: true } : {}),
      ...(from === undefined ? {} : { from }),
      ...(agent === undefined ? {} : { agent }),
      ...(cmd === undefined ? {} : commandOf(cmd)),
      ...(prompt === undefined ? {} : { prompt }),
      ...(name === undefined ? {} : { name }),
      ...(options['no-accessories'] ? { accessories: [] } : {}),
    };
    const progress = progressLine(terminal);
    const made = await withHub(
      await identity(),
      ({ client }) => client.request('agent.new', params),
      progress.listeners,
    ).finally(() => progress.clear());
    for (const warning of made.warnings)
      terminal.err(`${terminal.paint('yellow', 'warning:', 'err')} ${printable(warning)}\n`);
    if (json) {
      terminal.out(`${JSON.stringify(made, undefined, 2)}\n`);
      return 0;
    }
    const { agentText } = await import('./agent-text.js');
    terminal.out(agentText(made, (style, text) => terminal.paint(style, text)));
    const id = made.session_uuid.slice(0, 8);
    terminal.err(`\nLook at it: botster attach ${id}   End it: botster agent rm ${id}\n`);
    return 0;
  },
});

/** Plain words are a command and its arguments; anything else is a line for the shell. */
export function commandOf(line: string): { cmd: string; args?: string[] } {
  const words = line.trim().split(/ +/);
  const [cmd = '', ...args] = words;
  const isPlain = words.every((word) => /^[\w@%+=:,./-]+$/.test(word)) && !cmd.includes('=');
  if (!isPlain) return { cmd: '/bin/sh', args: ['-c', line] };
  return args.length === 0 ? { cmd } : { cmd, args };
}

async function promptFrom(terminal: Terminal): Promise<string> {
  return Buffer.from(await terminal.readInput())
    .toString()
    .trimEnd();
}
