/**
 * What a component needs of a log. The hub gives each plugin, worker and primitive its own, which says who spoke.
 * Fields are plain data; secrets never go in.
 */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}
