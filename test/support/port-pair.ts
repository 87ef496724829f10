/**
 * Two ends of a channel inside one thread: messages are cloned like between threads, and arrive before `send` returns
 * or, while held, on `release`. For tests of what depends on the order of messages.
 */
import type { Port } from '../../base/rpc.js';

export class TestPort implements Port {
  /** Everything sent through this end. */
  readonly sent: unknown[] = [];
  peer: TestPort | undefined;
  #held: unknown[] | undefined;
  /** Arrived before anyone listened; like a node port, this end keeps it. */
  readonly #early: unknown[] = [];
  #closed = false;
  readonly #onMessage: ((value: unknown) => void)[] = [];
  readonly #onClose: (() => void)[] = [];

  postMessage(value: unknown): void {
    const copy: unknown = structuredClone(value);
    if (this.#closed) return;
    this.sent.push(copy);
    if (this.#held === undefined) this.peer?.deliver(copy);
    else this.#held.push(copy);
  }

  on(event: 'message', listener: (value: unknown) => void): void;
  on(event: 'close', listener: () => void): void;
  on(event: 'message' | 'close', listener: (value: unknown) => void): void {
    if (event === 'close') {
      this.#onClose.push(() => listener(undefined));
      return;
    }
    this.#onMessage.push(listener);
    for (const value of this.#early.splice(0)) this.deliver(value);
  }

  /** Keeps what is sent through this end from arriving. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const value of held) this.peer?.deliver(value);
  }

  /** Hands a message to this end's listeners, as the other end's `postMessage` does. */
  deliver(value: unknown): void {
    if (this.#onMessage.length === 0) this.#early.push(value);
    else if (!this.#closed) for (const listener of this.#onMessage) listener(value);
  }

  /** Closes both ends. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#onClose) listener();
    this.peer?.close();
  }
}

/** The hub's end and the worker's end. */
export function portPair(): { hub: TestPort; worker: TestPort } {
  const hub = new TestPort();
  const worker = new TestPort();
  hub.peer = worker;
  worker.peer = hub;
  return { hub, worker };
}
