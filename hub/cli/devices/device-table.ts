/** Paired devices as a table for people. */
import type { DeviceRecord } from '../../../protocol/devices.js';
import { printable } from '../printable.js';
import { duration } from '../status-text.js';
import type { Terminal } from '../terminal.js';

/** Enough to tell devices apart, and accepted wherever an ID is. */
export const SHOWN_ID_CHARS = 8;
const MIN_NAME_COLUMNS = 12;

interface TableView {
  readonly nowMs: number;
  readonly terminal: Pick<Terminal, 'paint' | 'columns'>;
}

export function deviceTable(devices: readonly DeviceRecord[], { nowMs, terminal }: TableView): string {
  const head = ['ID', 'NAME', 'MAY', 'PAIRED', 'LAST SEEN'];
  const rows = [head, ...devices.map((device) => cells(device, nowMs))];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const others = widths.reduce((sum, width, column) => sum + (column === 1 ? 0 : width) + 2, -2);
  widths[1] = Math.min(widths[1] ?? 0, Math.max(MIN_NAME_COLUMNS, terminal.columns - others));
  return rows
    .map((row, index) => {
      const line = row
        .map((cell, column) => clipped(cell, widths[column] ?? 0).padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
      if (index === 0) return `${terminal.paint('dim', line)}\n`;
      return `${line.replace(/connected$/, (text) => terminal.paint('green', text))}\n`;
    })
    .join('');
}

/** A device in a sentence. */
export function shownDevice({ id, name }: Pick<DeviceRecord, 'id' | 'name'>): string {
  return `${printable(name)} (${id.slice(0, SHOWN_ID_CHARS)})`;
}

function cells({ id, name, view_only, paired_at, last_seen_at, connected }: DeviceRecord, nowMs: number) {
  return [
    id.slice(0, SHOWN_ID_CHARS),
    printable(name),
    view_only ? 'look' : 'do all',
    ago(paired_at, nowMs),
    connected > 0 ? 'connected' : last_seen_at === undefined ? 'never' : ago(last_seen_at, nowMs),
  ];
}

function ago(at: string, nowMs: number): string {
  return `${duration(Math.max(0, nowMs - Date.parse(at)) / 1000)} ago`;
}

function clipped(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 3)}...`;
}
