/**
 * The session host's log: JSON lines in a file of bounded size, like the hub's.
 *
 * Never blocks: lines wait in memory while one write is under way, and what a stuck disk cannot take is dropped and
 * counted. At `maxBytes` the file becomes `<path>.1` and a new one begins. No package: the host must be small.
 */
import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Counters } from '../base/counters.js';
import type { LogFields, Logger, LogLevel } from '../base/log.js';

export const MAX_LOG_BYTES = 1024 * 1024;
/** What may wait for a slow disk. */
const MAX_WAITING_CHARS = 1024 * 1024;
const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export interface HostLogOptions {
  readonly path: string;
  readonly level?: LogLevel;
  readonly maxBytes?: number;
  readonly counters: Counters;
}

export class HostLog implements Logger {
  readonly #writer: LogWriter;
  readonly #level: number;
  readonly #fields: LogFields;

  /** A file that cannot be opened is tried again with each line. */
  static open({ path, level = 'info', maxBytes = MAX_LOG_BYTES, counters }: HostLogOptions): HostLog {
    return new HostLog(new LogWriter(path, maxBytes, counters), levels.indexOf(level), {});
  }

  private constructor(writer: LogWriter, level: number, fields: LogFields) {
    this.#writer = writer;
    this.#level = level;
    this.#fields = fields;
  }

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (levels.indexOf(level) < this.#level) return;
    const time = new Date().toISOString();
    const line = {
      level,
      time,
      source: 'session-host',
      ...plain({ ...this.#fields, ...fields }),
      msg: message,
    };
    this.#writer.write(`${JSON.stringify(line)}\n`);
  }

  child(fields: LogFields): Logger {
    return new HostLog(this.#writer, this.#level, { ...this.#fields, ...fields });
  }

  /** Writes what waits and closes the file. Nothing may be logged after it. */
  close(): Promise<void> {
    return this.#writer.close();
  }
}

class LogWriter {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #counters: Counters;
  #file: FileHandle | undefined;
  #bytes = 0;
  #waiting: string[] = [];
  #waitingChars = 0;
  #writing: Promise<void> | undefined;

  constructor(path: string, maxBytes: number, counters: Counters) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#counters = counters;
  }

  write(line: string): void {
    if (this.#waitingChars + line.length > MAX_WAITING_CHARS) {
      this.#counters.add('log.dropped');
      return;
    }
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    this.#writing ??= this.#work();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingChars = 0;
      try {
        await this.#append(Buffer.from(lines.join('')));
      } catch {
        // A full disk, or the folder is gone: there is nowhere left to say so.
        this.#counters.add('log.dropped', lines.length);
        await this.#file?.close().catch(() => undefined);
        this.#file = undefined;
      }
    }
    this.#writing = undefined;
  }

  async #append(bytes: Buffer): Promise<void> {
    if (this.#file === undefined) {
      this.#file = await open(this.#path, 'a', 0o600);
      this.#bytes = (await this.#file.stat()).size;
    }
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) {
      await this.#file.close();
      this.#file = undefined;
      await rename(this.#path, `${this.#path}.1`);
      this.#file = await open(this.#path, 'a', 0o600);
      this.#bytes = 0;
    }
    await this.#file.appendFile(bytes);
    this.#bytes += bytes.length;
  }
}

/** Errors as text; of the first, where it came from. */
function plain(fields: LogFields): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    line[key] = value instanceof Error ? value.message : value;
    if (value instanceof Error) line['stack'] ??= value.stack;
  }
  return line;
}
