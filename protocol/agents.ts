/**
 * Agents as clients see them: what the hub's Lua (lua/hub/agents.lua) answers to the methods `agent.*`.
 * Names are as scripts see them. Fields are added, never renamed.
 */
import { type Infer, t } from '../base/schema.js';
import { cols, rows, sessionExit } from './session.js';

const agentFields = {
  session_uuid: t.str,
  name: t.opt(t.str),
  /** Its kind: `claude`, `shell`, or the name of a command. */
  agent: t.opt(t.str),
  /** Absent in the main checkout. */
  branch: t.opt(t.str),
  worktree_path: t.opt(t.str),
  /** Runs in the main checkout, not in a worktree of its own. */
  in_place: t.bool,
  state: t.oneOf('running', 'exited'),
  activity: t.oneOf('busy', 'idle'),
  title: t.opt(t.str),
  cwd: t.opt(t.str),
  cmd: t.str,
  args: t.list(t.str),
  pid: t.opt(t.int()),
  port: t.opt(t.int()),
  rows: t.int(),
  cols: t.int(),
  attached: t.int(),
  /** ISO 8601, UTC. */
  started_at: t.str,
  last_output_ms: t.opt(t.int()),
  /** It rang, notified or ended a long command, and nobody has looked since. */
  attention: t.opt(t.object({ /** ISO 8601, UTC. */ at: t.str, text: t.opt(t.str) })),
  exit: t.opt(sessionExit),
  prompt: t.opt(t.str),
  base_ref: t.opt(t.str),
  /** The branch was made for an agent, and goes with its worktree unless it shall stay. */
  new_branch: t.bool,
  created_by: t.opt(t.str),
  metadata: t.opt(t.any),
} as const;

export const agentRecord = t.object(agentFields);
export type AgentRecord = Infer<typeof agentRecord>;

/** The event by which the hub tells a client how one of its open requests goes. */
export const PROGRESS_EVENT = 'progress';
/** Its data. */
export const progressData = t.object({
  /** The client's own number of the request. */
  request_id: t.int(),
  stage: t.str,
  text: t.opt(t.str),
  done: t.opt(t.num()),
  total: t.opt(t.num()),
  percent: t.opt(t.num()),
});
export type ProgressData = Infer<typeof progressData>;

const idOrName = t.text({ maxBytes: 1024 });

export const agentMethods = {
  /**
   * Starts an agent, in the worktree of `branch` (made if there is none) or with `in_place` in the main checkout.
   * Errors: agent.bad_option, agent.unknown_type, agent.bad_settings, agent.limit, agent.branch_in_main,
   * agent.<step>_failed (details.cause: the code of the cause), hook.blocked, hook.failed.
   */
  'agent.new': {
    params: t.object({
      branch: t.opt(t.text({ maxBytes: 1024 })),
      in_place: t.opt(t.bool),
      /** Where a new branch begins. Default: HEAD of the main checkout. */
      from: t.opt(t.text({ maxBytes: 1024 })),
      /** Its kind; or `cmd` and `args`. */
      agent: t.opt(t.text({ maxBytes: 64 })),
      cmd: t.opt(t.text({ maxBytes: 4096 })),
      args: t.opt(t.list(t.text({ maxBytes: 128 * 1024 }))),
      prompt: t.opt(t.str),
      name: t.opt(t.text({ maxBytes: 200 })),
      rows: t.opt(rows),
      cols: t.opt(cols),
      env: t.opt(t.map(t.str)),
      /** Names of accessories to start; an empty list for none. Default: all that do not run in the worktree yet. */
      accessories: t.opt(t.list(t.str)),
      metadata: t.opt(t.map(t.any)),
    }),
    value: t.object({
      ...agentFields,
      worktree_created: t.bool,
      /** `built-in`, `device`, `repository`, or `command`. */
      definition_from: t.str,
      accessories: t.list(t.object({ name: t.str, session_uuid: t.str, port: t.opt(t.int()) })),
      warnings: t.list(t.str),
    }),
  },
  /** All agents, oldest first; ended ones too, until they are removed. */
  'agent.list': { params: t.object({}), value: t.object({ agents: t.list(agentRecord) }) },
  /**
   * Ends an agent and forgets it; with `delete_worktree` removes its worktree too. A refusal leaves everything running.
   * Errors: agent.not_found, agent.ambiguous, agent.main_worktree, agent.worktree_in_use, agent.teardown_failed, hook.*,
   * and the refusals of worktree.delete: worktree.dirty, worktree.unmerged and the like (details: what would be lost).
   */
  'agent.rm': {
    params: t.object({
      id: idOrName,
      delete_worktree: t.opt(t.bool),
      /** With delete_worktree: its branch stays, also one that was made for the agent. */
      keep_branch: t.opt(t.bool),
      /** Also what is nowhere else is removed, and kept under a recovery ref. */
      force: t.opt(t.bool),
    }),
    value: t.object({
      ...agentFields,
      worktree_removed: t.bool,
      branch_removed: t.bool,
      /** Where forced removal left what it removed. */
      recovery_ref: t.opt(t.str),
      warnings: t.list(t.str),
    }),
  },
  /** The kinds of agents there are. */
  'agent.definitions': {
    params: t.object({}),
    value: t.object({
      definitions: t.list(
        t.object({
          name: t.str,
          description: t.str,
          from: t.str,
          cmd: t.str,
          prompt: t.str,
          installed: t.bool,
          path: t.opt(t.str),
          /** Why it cannot be used. */
          error: t.opt(t.str),
        }),
      ),
    }),
  },
} as const;

export type AgentMethod = keyof typeof agentMethods;
