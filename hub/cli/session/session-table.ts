/** Sessions as a table for people. */
import type { SessionRecord } from '../../../protocol/session.js';
import { printable } from '../printable.js';
import { duration } from '../status-text.js';
import type { Terminal } from '../terminal.js';
import { exitText } from './session-exit.js';

/** Enough to tell a few hundred sessions apart, and accepted wherever an ID is. */
const SHOWN_ID_CHARS = 8;
/** A command line says what it is at its beginning. */
const MIN_COMMAND_COLUMNS = 16;

interface TableView {
  readonly nowMs: number;
  readonly terminal: Pick<Terminal, 'paint' | 'columns'>;
}

export function sessionTable(sessions: readonly SessionRecord[], { nowMs, terminal }: TableView): string {
  const head = ['ID', 'NAME', 'STATE', 'SIZE', 'SINCE', 'COMMAND'];
  const rows = [head, ...sessions.map((session) => cells(session, nowMs))];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const commandColumns = Math.max(MIN_COMMAND_COLUMNS, terminal.columns - before);
  return rows
    .map((row, index) => {
      const line = row
        .map((cell, column) =>
          column === widths.length - 1 ? clipped(cell, commandColumns) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd();
      return `${index === 0 ? terminal.paint('dim', line) : line}\n`;
    })
    .join('');
}

/** How people tell sessions apart: by name where there is one. */
export function shownName({ name, uuid }: Pick<SessionRecord, 'name' | 'uuid'>): string {
  return name === undefined ? uuid.slice(0, SHOWN_ID_CHARS) : printable(name);
}

function cells(session: SessionRecord, nowMs: number): string[] {
  const { uuid, name, state, activity, rows, cols, started_at, exit, cmd, args } = session;
  const since = exit?.at ?? started_at;
  return [
    uuid.slice(0, SHOWN_ID_CHARS),
    printable(name ?? ''),
    state === 'running' ? activity : exitText(exit),
    `${cols}x${rows}`,
    duration(Math.max(0, nowMs - Date.parse(since)) / 1000),
    printable([cmd, ...args].join(' ')),
  ];
}

function clipped(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 3)}...`;
}
