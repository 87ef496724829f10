/**
 * One line of the hub's log, as data and as people read it: `12:34:56.789 WARN  plugin:foo  the message  key=value`.
 * The log file holds JSON lines; a line that is none (a crash report of Node itself) is shown as it stands.
 */
import { stripVTControlCharacters } from 'node:util';
import type { LogLevel } from '../base/log.js';
import { type Style, styled } from './ansi.js';

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export interface LogRecord {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly level: LogLevel;
  readonly source: string;
  readonly message: string;
  /** Everything else on the line. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads a line of the log file; undefined if it is not one of ours. */
export function parseLogLine(line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { time, level, source, msg, ...fields } = value;
  if (typeof time !== 'string' || typeof msg !== 'string' || !isLevel(level)) return undefined;
  return { time, level, source: typeof source === 'string' ? source : 'hub', message: msg, fields };
}

export function isLevel(value: unknown): value is LogLevel {
  return logLevels.includes(value as LogLevel);
}

/** Whether `level` is at least as serious as `least`. */
export function isAtLeast(level: LogLevel, least: LogLevel): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(least);
}

const MAX_FIELD_CHARS = 400;
const colors: Readonly<Record<LogLevel, Style>> = {
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
};

/** A record for people, in local time. What plugins and agents wrote cannot move the cursor. */
export function formatRecord(record: LogRecord, color: boolean): string {
  const paint = (style: Style, text: string): string => (color ? styled(style, text) : text);
  const level = paint(colors[record.level], record.level.toUpperCase().padEnd(5));
  const source = paint('cyan', visible(record.source));
  const head = `${paint('gray', localTime(record.time))} ${level} ${source}  ${visible(record.message)}`;
  const { stack, ...rest } = record.fields;
  const fields = Object.entries(rest).map(([key, value]) => `${visible(key)}=${fieldText(value)}`);
  const line = fields.length === 0 ? head : `${head}  ${paint('gray', fields.join(' '))}`;
  return typeof stack === 'string' ? `${line}\n${visible(stack, '\n    ')}` : line;
}

function localTime(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return visible(iso);
  const two = (n: number) => String(n).padStart(2, '0');
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}

function fieldText(value: unknown): string {
  const text =
    typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : (JSON.stringify(value) ?? '');
  return visible(text.length > MAX_FIELD_CHARS ? `${text.slice(0, MAX_FIELD_CHARS)}...` : text);
}

/** Text without control characters; further lines are indented below the first. */
function visible(text: string, newline = '\n    '): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\r?\n/g, newline)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go
      .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\uFFFD')
  );
}
