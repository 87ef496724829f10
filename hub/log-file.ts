/**
 * The hub's log: JSON lines in a file of bounded size, and readable lines on a terminal for a hub in the foreground.
 *
 * Never blocks the loop and never grows without bound: writes are asynchronous, what a slow disk or a stopped terminal
 * cannot take is dropped and counted, and at `maxBytes` the file becomes `<path>.1` and a new one begins. `close` and
 * `flushSync` write what is left, for an orderly end and for a crash. The only importer of pino.
 */
import { statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import sonicBoom, { type SonicBoom } from 'sonic-boom';
import type { LogFields, Logger, LogLevel } from '../base/log.js';
import { formatRecord, parseLogLine } from './log-line.js';

/** Two files of this size: weeks of an ordinary hub, and little enough to send in a report. */
export const MAX_LOG_BYTES = 10 * 1024 * 1024;
/** What may wait for a slow disk or terminal. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** Names that a line itself uses. */
const reserved = new Set(['time', 'level', 'msg', 'source']);

type Sink = SonicBoom;

export interface LogFileOptions {
  readonly path: string;
  readonly level?: LogLevel;
  readonly maxBytes?: number;
  /** Also prints readable lines to this file descriptor (2: stderr). */
  readonly console?: { readonly fd: number; readonly color: boolean };
  /** Counts lines that were dropped. */
  readonly onDropped?: () => void;
}

export interface LogFile {
  readonly logger: Logger;
  /** Writes what waits. For a crash: nothing may be logged while it runs. */
  readonly flushSync: () => void;
  /** Writes what waits and closes the file. */
  readonly close: () => Promise<void>;
}

/** Opens (appends to) the log. Errors: the file system's own. */
export async function openLogFile(options: LogFileOptions): Promise<LogFile> {
  const file = await openSink(options.path, options.onDropped);
  const terminal =
    options.console === undefined ? undefined : await openSink(options.console.fd, options.onDropped);
  const color = options.console?.color ?? false;
  const rotation = new Rotation(file, options.path, options.maxBytes ?? MAX_LOG_BYTES);
  const stream = {
    write(line: string): void {
      rotation.write(line);
      const record = terminal === undefined ? undefined : parseLogLine(line);
      if (record !== undefined) terminal?.write(`${formatRecord(record, color)}\n`);
    },
  };
  const writer = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return {
    logger: loggerOver(writer, {}),
    flushSync: () => {
      flushNow(file);
      if (terminal !== undefined) flushNow(terminal);
    },
    close: async () => {
      await rotation.settled();
      await Promise.all([closeSink(file), terminal === undefined ? undefined : closeSink(terminal)]);
    },
  };
}

/** Counts what goes into the file, and turns it over when it is full. */
class Rotation {
  readonly #file: Sink;
  readonly #path: string;
  readonly #maxBytes: number;
  #bytes: number;
  #turning: Promise<void> | undefined;

  constructor(file: Sink, path: string, maxBytes: number) {
    this.#file = file;
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#bytes = statSync(path).size;
  }

  write(line: string): void {
    this.#file.write(line);
    this.#bytes += Buffer.byteLength(line);
    if (this.#bytes >= this.#maxBytes) this.#turning ??= this.#turnOver();
  }

  async settled(): Promise<void> {
    await this.#turning;
  }

  async #turnOver(): Promise<void> {
    try {
      // Lines written meanwhile follow the open file to its new name.
      await rename(this.#path, `${this.#path}.1`);
      await reopened(this.#file);
    } catch {
      // The folder is gone or full. Lines go on into the open file; the next turn tries again.
    } finally {
      this.#bytes = 0;
      this.#turning = undefined;
    }
  }
}

function loggerOver(writer: PinoLogger<never>, bindings: LogFields): Logger {
  return {
    log: (level, message, fields) => writer[level](lineFields({ ...bindings, ...fields }), message),
    child: (fields) => loggerOver(writer, { ...bindings, ...fields }),
  };
}

/** Fields as they may stand on a line: own names kept apart from ours, errors as text. */
function lineFields(fields: LogFields): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    const ours = reserved.has(key) && !(key === 'source' && typeof value === 'string');
    if (value instanceof Error) {
      line[ours ? `${key}_` : key] = value.message;
      line['stack'] ??= value.stack;
    } else {
      line[ours ? `${key}_` : key] = value;
    }
  }
  return line;
}

function openSink(dest: string | number, onDropped: (() => void) | undefined): Promise<Sink> {
  // Not pino.destination: that one flushes when the process exits, and throws if the file is just being opened.
  const sink = new sonicBoom.SonicBoom({
    dest,
    sync: false,
    minLength: 0,
    maxLength: MAX_WAITING_BYTES,
    mode: 0o600,
  });
  sink.on('drop', () => onDropped?.());
  return new Promise((resolve, reject) => {
    sink.once('error', reject);
    sink.once('ready', () => {
      sink.off('error', reject);
      // A full disk or a closed terminal later on: lines wait up to the bound, then they are dropped and counted.
      sink.on('error', () => undefined);
      resolve(sink);
    });
  });
}

function reopened(sink: Sink): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.once('error', reject);
    sink.once('ready', () => {
      sink.off('error', reject);
      resolve();
    });
    sink.reopen();
  });
}

function closeSink(sink: Sink): Promise<void> {
  return new Promise((resolve) => {
    sink.once('close', resolve);
    sink.once('error', () => resolve());
    sink.end();
  });
}

function flushNow(sink: Sink): void {
  try {
    sink.flushSync();
  } catch {
    // Not open, or its disk is full: there is nowhere left to say so.
  }
}
