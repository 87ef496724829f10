/**
 * Reads the hub's log from its end, and goes on as it grows, over the turn of the file.
 *
 * Lines that are not the hub's own (a crash report of Node) are always shown: they matter most. Waits on file events,
 * with a slow look as well because not every file system sends them.
 */
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { fail } from '../../base/errors.js';
import type { LogLevel } from '../../base/log.js';
import { formatRecord, isAtLeast, parseLogLine } from '../log-line.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

const READ_BYTES = 64 * 1024;
/** For file systems that do not tell of changes. */
const LOOK_MS = 1_000;

export interface LogView {
  readonly path: string;
  readonly lines: number;
  readonly level: LogLevel;
  readonly json: boolean;
  readonly follow: boolean;
  readonly terminal: Terminal;
}

/** Resolves with the exit status; when following, only once `signal` aborts. Errors: cli.no_log. */
export async function showLog(view: LogView, signal?: AbortSignal): Promise<number> {
  const print = (line: string): void => {
    const text = lineText(line, view);
    if (text !== undefined) view.terminal.out(`${text}\n`);
  };
  let file = await openLog(view);
  try {
    const { lines, end } = await lastLines(file, view, view.lines);
    if (lines.length < view.lines) lines.unshift(...(await earlierLines(view, view.lines - lines.length)));
    for (const line of lines) print(line);
    if (!view.follow) return EXIT.ok;
    const tail = new Tail(end, print);
    for await (const _ of changes(view.path, signal)) {
      await tail.readOn(file);
      const next = await successor(file, view.path);
      if (next === undefined) continue;
      // What was written between the last look and the turn is in the old file.
      await tail.readOn(file);
      await file.close();
      file = next;
      tail.restart();
      await tail.readOn(file);
    }
    return EXIT.ok;
  } finally {
    await file.close();
  }
}

/** The line as it is to be shown; undefined if it is not. */
function lineText(line: string, { level, json, terminal }: LogView): string | undefined {
  const record = parseLogLine(line);
  if (record === undefined) return line;
  if (!isAtLeast(record.level, level)) return undefined;
  return json ? line : formatRecord(record, terminal.color.out);
}

async function openLog({ path, follow }: LogView): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const then = follow ? 'Start it first: "botster start --detach".' : 'It has not run yet.';
    throw fail('cli.no_log', `The hub of this repository has no log (${path}). ${then}`);
  }
}

/** The last `count` lines to show, oldest first, and where in the file they end. A big log costs no more than it must. */
async function lastLines(
  file: FileHandle,
  view: LogView,
  count: number,
): Promise<{ lines: string[]; end: number }> {
  const { size } = await file.stat();
  for (let bytes = READ_BYTES; ; bytes *= 4) {
    const start = Math.max(0, size - bytes);
    const data = Buffer.alloc(size - start);
    await file.read(data, 0, data.length, start);
    const end = data.lastIndexOf(10) + 1;
    const lines = data.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
    // The first line of a part of the file may be half a line.
    const whole = start === 0 ? lines : lines.slice(1);
    const shown = whole.filter((line) => lineText(line, view) !== undefined);
    if (shown.length >= count || start === 0) {
      return { lines: count === 0 ? [] : shown.slice(-count), end: start + end };
    }
  }
}

/** The last lines of the file before the last turn. */
async function earlierLines(view: LogView, count: number): Promise<string[]> {
  const file = await open(`${view.path}.1`, 'r').catch(() => undefined);
  if (file === undefined) return [];
  try {
    return (await lastLines(file, view, count)).lines;
  } finally {
    await file.close();
  }
}

/** Reads on from where it was, and prints whole lines. */
class Tail {
  readonly #print: (line: string) => void;
  #position: number;
  #rest = '';
  #decoder = new StringDecoder('utf8');

  constructor(position: number, print: (line: string) => void) {
    this.#position = position;
    this.#print = print;
  }

  restart(): void {
    this.#position = 0;
    this.#rest = '';
    this.#decoder = new StringDecoder('utf8');
  }

  async readOn(file: FileHandle): Promise<void> {
    const buffer = Buffer.alloc(READ_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      const lines = (this.#rest + this.#decoder.write(buffer.subarray(0, bytesRead))).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#print(line);
    }
  }
}

/** The file that took the path of `file`, once one has. */
async function successor(file: FileHandle, path: string): Promise<FileHandle | undefined> {
  const now = await stat(path).catch(() => undefined);
  const { ino, dev } = await file.stat();
  if (now === undefined || (now.ino === ino && now.dev === dev)) return undefined;
  return await open(path, 'r').catch(() => undefined);
}

/** Yields at once and then whenever something in the log's folder may have changed, until `signal` aborts. */
async function* changes(path: string, signal: AbortSignal | undefined): AsyncGenerator<void> {
  let wake: () => void = () => undefined;
  let changed = true;
  const notice = (): void => {
    changed = true;
    wake();
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), notice);
    watcher.on('error', () => undefined);
  } catch {
    // No watches left: the slow look has to do.
  }
  const timer = setInterval(notice, LOOK_MS);
  signal?.addEventListener('abort', notice);
  try {
    while (signal?.aborted !== true) {
      if (changed) {
        changed = false;
        yield;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    watcher?.close();
    clearInterval(timer);
  }
}
