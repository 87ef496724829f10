/**
 * Runs a command on a new PTY and loses none of its output.
 *
 * Uses the native part of node-pty only; its JavaScript loses bytes at exit. Here the slave side is held open, so that
 * the end of the command does not cut off what nobody has read yet; when the command has ended, the rest is read to
 * its end, in slices, and only then the exit is reported. Bytes go in and out as they are.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { ConnectOpts, SocketConstructorOpts } from 'node:net';
import { ReadStream } from 'node:tty';
import { fail, type HubError, messageOf } from '../base/errors.js';
import { errnoOf } from '../system/errno.js';
import { giveWay, giveWayAsGroup, WORK_NICENESS } from '../system/niceness.js';
import { forgetMaster, withoutLeaks } from './pty-descriptors.js';
import { PtyInput } from './pty-input.js';
import { type Forked, type NativePty, native } from './pty-native.js';
import type { PtyExit, PtyHandlers, PtySpec } from './pty-types.js';

/** Most bytes taken from programs that outlive the command and go on writing to its terminal. */
export const MAX_BYTES_AFTER_EXIT = 8 * 1024 * 1024;

/** Most bytes read in one turn of the loop after the exit. */
const DRAIN_SLICE_BYTES = 256 * 1024;

/** One PTY and the command that runs on it. All its memory and descriptors are freed when the exit is reported. */
export interface Pty {
  /** Of the command; its process group and session have the same number. Not signalled after onExit by anybody. */
  readonly pid: number;
  /** The slave device: /dev/pts/7. */
  readonly ttyPath: string;
  /** Input that the program has not read yet and the kernel does not hold. */
  readonly queuedInputBytes: number;
  readonly paused: boolean;
  /** False: nothing was taken, because MAX_QUEUED_INPUT_BYTES (16 MiB) would wait, or the command has ended. */
  write(bytes: Uint8Array): boolean;
  resize(rows: number, cols: number): void;
  /** Neither onData nor onExit until resume(). The program is stopped by its full terminal. */
  pause(): void;
  resume(): void;
  /** Closes the master: what still runs gets a hang-up, no more data is delivered. onExit is called if the command ends. */
  dispose(): void;
}

/** A read that gives this much is of a program that has more to say. The kernel gives at most 4 KiB at a time. */
const LONG_READ_BYTES = 1024;
/** Most bytes read from one PTY before the others have their turn. */
const FLOOD_READ_BYTES = 32 * 1024;

/** Every PTY reads into this; what arrives is copied out before the next read. The kernel gives at most 4 KiB at a time. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Starts the command. Errors: session.spawn_failed (no PTY support on this machine, or no more PTYs, processes or
 * descriptors). The file and the folder are the caller's to check first (command.ts): if the system refuses them in
 * the new process, the session shows why and ends with exit code 1.
 */
export function spawnPty(spec: PtySpec, handlers: PtyHandlers): Pty | HubError<'session.spawn_failed'> {
  if (native instanceof Error) return native;
  const nul = [spec.file, spec.cwd, ...spec.args].find((text) => text.includes('\0'));
  if (nul !== undefined) {
    const message = `Cannot start ${JSON.stringify(spec.file)}: ${JSON.stringify(nul)} contains a NUL character, and the system would cut it there.`;
    return fail('session.spawn_failed', message, { file: spec.file });
  }
  const { fork, resize, helperPath } = native;
  const env = Object.entries(spec.env).map(([name, value]) => `${name}=${value}`);
  let pty: UnixPty | undefined;
  try {
    const forked = withoutLeaks(() =>
      fork(
        spec.file,
        spec.args,
        env,
        spec.cwd,
        spec.cols,
        spec.rows,
        -1,
        -1,
        true,
        helperPath,
        (code, signal) => pty?.commandEnded(signal > 0 ? { signal } : { code }),
      ),
    );
    giveWay(forked.pid, WORK_NICENESS);
    const started = new UnixPty(forked, holdSlave(forked), resize, handlers);
    void giveWayAsGroup(forked.pid, WORK_NICENESS, () => !started.ended);
    pty = started;
    return pty;
  } catch (thrown) {
    return fail(
      'session.spawn_failed',
      `Cannot start ${spec.file} on a new terminal: ${messageOf(thrown)}. The system may be out of terminals, processes or open files: end some sessions, or raise the limit (ulimit -n, ulimit -u).`,
      { file: spec.file },
    );
  }
}

/** While somebody holds the slave open, what is unread stays readable. */
function holdSlave({ fd, pty }: Forked): number {
  try {
    return openSync(pty, constants.O_RDWR | constants.O_NOCTTY);
  } catch (thrown) {
    forgetMaster(fd);
    // The command gets a hang-up.
    closeSync(fd);
    throw thrown;
  }
}

class UnixPty implements Pty {
  readonly pid: number;
  readonly ttyPath: string;
  readonly #fd: number;
  readonly #slaveFd: number;
  readonly #resize: NativePty['resize'];
  readonly #handlers: PtyHandlers;
  readonly #stream: ReadStream;
  readonly #input: PtyInput;
  #paused = false;
  /** Read while paused: one read, or two. */
  #held: Uint8Array[] = [];
  #closed = false;
  /** The descriptor of the master is closed: its number may be another file's. */
  #masterGone = false;
  #exit: PtyExit | undefined;
  #draining = false;
  #bytesAfterExit = 0;

  constructor(forked: Forked, slaveFd: number, resize: NativePty['resize'], handlers: PtyHandlers) {
    this.pid = forked.pid;
    this.ttyPath = forked.pty;
    this.#fd = forked.fd;
    this.#slaveFd = slaveFd;
    this.#resize = resize;
    this.#handlers = handlers;
    this.#input = new PtyInput(forked.fd);
    const callback = (length: number): boolean => {
      const bytes = new Uint8Array(readBuffer.subarray(0, this.#readOn(length)));
      // Node may read once more after pause().
      if (this.#paused) this.#held.push(bytes);
      else this.#deliver(bytes);
      return !this.#paused;
    };
    const options: ConnectOpts & SocketConstructorOpts = { onread: { buffer: readBuffer, callback } };
    this.#stream = new ReadStream(forked.fd, options);
    // The end of the command is known from the command, not from its terminal; but where the system takes the slave away
    // (macOS), the stream ends, and closes the descriptor.
    this.#stream.on('error', () => undefined);
    this.#stream.on('close', () => this.#masterClosed());
    this.#stream.resume();
  }

  get queuedInputBytes(): number {
    return this.#input.queuedBytes;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The command was waited for: its number may be another process'. */
  get ended(): boolean {
    return this.#closed || this.#exit !== undefined;
  }

  write(bytes: Uint8Array): boolean {
    return this.#input.write(bytes);
  }

  resize(rows: number, cols: number): void {
    if (!this.#closed && !this.#masterGone) this.#resize(this.#fd, cols, rows, 0, 0);
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliverHeld();
    if (this.#paused) return;
    if (this.#exit === undefined) this.#stream.resume();
    else this.#drainSoon();
  }

  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = [];
    this.#masterClosed();
    closeSync(this.#slaveFd);
    this.#stream.destroy();
    if (this.#exit !== undefined) this.#handlers.onExit(this.#exit);
  }

  /** The process was waited for; what it wrote may not have been read. */
  commandEnded(exit: PtyExit): void {
    this.#exit = exit;
    if (this.#closed) {
      this.#handlers.onExit(exit);
      return;
    }
    this.#input.close();
    this.#stream.pause();
    this.#drainSoon();
  }

  #masterClosed(): void {
    if (this.#masterGone) return;
    this.#masterGone = true;
    this.#input.close();
    forgetMaster(this.#fd);
  }

  #drainSoon(): void {
    if (this.#draining) return;
    this.#draining = true;
    setImmediate(() => {
      this.#draining = false;
      this.#drain();
    });
  }

  /** Reads what is left; in slices, because a program that survived the command may go on writing. */
  #drain(): void {
    for (let slice = 0; slice < DRAIN_SLICE_BYTES; ) {
      if (this.#closed || this.#paused) return;
      const length = this.#readNow();
      if (length === 0) return this.dispose();
      slice += length;
      this.#bytesAfterExit += length;
      this.#deliver(new Uint8Array(readBuffer.subarray(0, length)));
      if (this.#bytesAfterExit >= MAX_BYTES_AFTER_EXIT) {
        this.#exit = { ...this.#exit, cut: true };
        return this.dispose();
      }
    }
    this.#drainSoon();
  }

  /**
   * Of a program that floods, more is read at once until there is none, because what follows (the loop's turn, frames,
   * sockets, threads) costs by the piece; up to a limit, so that the others have their turn. Of one that says little
   * nothing more is read: to hear that there is none costs more than the read. Gives the bytes in the buffer.
   */
  #readOn(length: number): number {
    let filled = length;
    if (length < LONG_READ_BYTES) return filled;
    for (let last = length; last > 0 && filled < FLOOD_READ_BYTES && !this.#paused; filled += last) {
      last = this.#readNow(filled, FLOOD_READ_BYTES - filled);
    }
    return filled;
  }

  /** Bytes read into the buffer; 0: there are none. The descriptor does not block. */
  #readNow(at = 0, maxBytes = readBuffer.length): number {
    if (this.#masterGone) return 0;
    try {
      return readSync(this.#fd, readBuffer, at, maxBytes, null);
    } catch (thrown) {
      return errnoOf(thrown) === 'EINTR' ? this.#readNow(at, maxBytes) : 0;
    }
  }

  #deliverHeld(): void {
    while (!this.#paused && !this.#closed) {
      const bytes = this.#held.shift();
      if (bytes === undefined) return;
      this.#deliver(bytes);
    }
  }

  #deliver(bytes: Uint8Array): void {
    this.#handlers.onData(bytes);
    // A program that writes may have read.
    this.#input.retry();
  }
}
