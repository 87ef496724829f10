/** Agents for people: one in full, many as a table. */
import type { AgentRecord } from '../../../protocol/agents.js';
import type { ValueOf } from '../../../protocol/methods.js';
import type { Style } from '../../ansi.js';
import { printable } from '../printable.js';
import { exitText } from '../session/session-exit.js';
import { duration } from '../status-text.js';
import type { Terminal } from '../terminal.js';

type Paint = (style: Style, text: string) => string;

const SHOWN_ID_CHARS = 8;
const MIN_TITLE_COLUMNS = 8;

/** What matters of a new agent, under the names that --json has too. */
export function agentText(agent: ValueOf<'agent.new'>, paint: Paint): string {
  const rows: [string, string | number | undefined][] = [
    ['session_uuid', agent.session_uuid],
    ['branch', agent.branch],
    ['worktree_path', agent.worktree_path],
    ['agent', agent.agent],
    ['port', agent.port],
    ...agent.accessories.map(({ name, session_uuid, port }): [string, string] => [
      'accessory',
      `${name} (${session_uuid.slice(0, SHOWN_ID_CHARS)}${port === undefined ? '' : `, port ${port}`})`,
    ]),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${paint('dim', label.padEnd(width))}  ${printable(String(value))}\n`)
    .join('');
}

export function agentTable(
  agents: readonly AgentRecord[],
  nowMs: number,
  terminal: Pick<Terminal, 'paint' | 'columns'>,
): string {
  const head = ['ID', 'AGENT', 'BRANCH', 'STATE', 'SINCE', 'TITLE'];
  const rows = agents.map((agent) => cells(agent, nowMs));
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const last = head.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  widths[last] = Math.max(MIN_TITLE_COLUMNS, terminal.columns - before);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => clipped(cell, widths[column] ?? 0).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [terminal.paint('dim', line(head)), ...rows.map(line)].map((text) => `${text}\n`).join('');
}

function cells(agent: AgentRecord, nowMs: number): string[] {
  const since = agent.exit?.at ?? agent.started_at;
  return [
    agent.session_uuid.slice(0, SHOWN_ID_CHARS),
    agent.agent ?? agent.cmd,
    agent.branch ?? '(main checkout)',
    stateOf(agent),
    duration(Math.max(0, nowMs - Date.parse(since)) / 1000),
    agent.title ?? '',
  ].map(printable);
}

function stateOf({ state, activity, attention, exit }: AgentRecord): string {
  if (state !== 'running') return exitText(exit);
  return attention === undefined ? activity : 'needs you';
}

function clipped(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 3)}...`;
}
