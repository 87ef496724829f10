/**
 * `botster agent rm ID`: ends an agent, and with --delete-worktree removes its worktree, unless work would be lost.
 */
import { HubError } from '../../../base/errors.js';
import type { ValueOf } from '../../../protocol/methods.js';
import { defineCommand, jsonOption } from '../command.js';
import { withHub } from '../connect.js';
import { printable } from '../printable.js';
import { progressLine } from './progress-line.js';

export const agentRmCommand = defineCommand({
  name: 'agent rm',
  summary: 'end an agent, and remove its worktree if asked to',
  description:
    'Ends the session with all its processes; its output stays readable ("botster session log"). The worktree stays ' +
    'too, unless --delete-worktree is given. A worktree with changes or commits that are nowhere else is not removed: ' +
    'the command says what would be lost, and leaves the agent running. With --force it is removed, and what was in ' +
    'it is kept under a git ref whose name is printed.',
  args: {
    id: {
      shown: 'ID',
      doc: 'the agent: its id, the first characters of it, its branch or its name',
      completes: 'nothing',
    },
  },
  options: {
    'delete-worktree': {
      type: 'flag',
      short: 'd',
      doc: 'remove its worktree, and the branch if it was made for it',
    },
    'keep-branch': { type: 'flag', doc: 'with --delete-worktree: the branch stays in any case' },
    force: { type: 'flag', short: 'f', doc: 'remove the worktree also if work would be lost' },
    json: jsonOption,
  },
  examples: [
    { line: 'botster agent rm 6f1c', doc: 'end it, keep the worktree' },
    { line: 'botster agent rm feature/login --delete-worktree', doc: 'done with the branch' },
  ],
  async run({ args, options, terminal, identity }) {
    const progress = progressLine(terminal);
    const params = {
      id: args.id,
      delete_worktree: options['delete-worktree'],
      keep_branch: options['keep-branch'],
      force: options.force,
    };
    const removed = await withHub(
      await identity(),
      ({ client }) => client.request('agent.rm', params),
      progress.listeners,
    )
      .catch((thrown: unknown) => Promise.reject(withOptions(thrown)))
      .finally(() => progress.clear());
    for (const warning of removed.warnings)
      terminal.err(`${terminal.paint('yellow', 'warning:', 'err')} ${printable(warning)}\n`);
    if (options.json) terminal.out(`${JSON.stringify(removed, undefined, 2)}\n`);
    else terminal.err(removedText(removed));
    return 0;
  },
});

/** A refusal says what can be done; here that are options. */
function withOptions(thrown: unknown): unknown {
  if (!(thrown instanceof HubError) || !['worktree.dirty', 'worktree.unmerged'].includes(String(thrown.code)))
    return thrown;
  const tip =
    thrown.code === 'worktree.unmerged' ? 'Options: --keep-branch, --force.' : 'The option is --force.';
  return new HubError(String(thrown.code), `${thrown.message}\n${tip}`);
}

function removedText(agent: ValueOf<'agent.rm'>): string {
  const { branch = 'the main checkout', worktree_path = '' } = agent;
  const lines = [`Ended the agent of ${branch} (${agent.session_uuid.slice(0, 8)}).`];
  if (agent.worktree_removed) {
    const also = agent.branch_removed ? `, and the branch ${branch}` : '';
    lines.push(`Removed the worktree ${worktree_path}${also}.`);
  } else if (worktree_path !== '') lines.push(`Its worktree stays: ${worktree_path}`);
  if (agent.recovery_ref !== undefined) {
    lines.push(`What was in it is kept: git worktree add PATH ${agent.recovery_ref}`);
  }
  return lines.map((line) => `${printable(line)}\n`).join('');
}
