/**
 * Ownership: resources form a tree and die with their parent.
 *
 * A Scope disposes what it holds in reverse order, once; adding to a disposed scope disposes at once, so nothing can
 * leak through a late registration. Plugin reload, client disconnect and shutdown are all `scope.dispose()`.
 */

export interface Disposable {
  dispose(): void;
}

export class Scope implements Disposable {
  #entries: Set<Disposable> | undefined = new Set();
  readonly #onError: (thrown: unknown) => void;

  /** `onError` gets what a disposal threw; the other disposals go on. */
  constructor(onError: (thrown: unknown) => void = rethrowLater) {
    this.#onError = onError;
  }

  get disposed(): boolean {
    return this.#entries === undefined;
  }

  /** How many live resources the scope holds. */
  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** Ties `resource` to this scope and returns it. */
  use<T extends Disposable>(resource: T): T {
    if (this.#entries === undefined) resource.dispose();
    else this.#entries.add(resource);
    return resource;
  }

  /** Runs `cleanup` when the scope ends. Dispose the returned handle to run it earlier. */
  defer(cleanup: () => void): Disposable {
    const entry: Disposable = {
      dispose: () => {
        if (this.#entries !== undefined && !this.#entries.delete(entry)) return;
        cleanup();
      },
    };
    if (this.#entries === undefined) cleanup();
    else this.#entries.add(entry);
    return entry;
  }

  /** Lets go of `resource` without disposing it. */
  forget(resource: Disposable): void {
    this.#entries?.delete(resource);
  }

  /** A scope that ends with this one at the latest. */
  child(): Scope {
    const child: Scope = new Scope(this.#onError);
    this.use(child);
    child.defer(() => this.forget(child));
    return child;
  }

  dispose(): void {
    const entries = this.#entries;
    if (entries === undefined) return;
    this.#entries = undefined;
    for (const entry of [...entries].reverse()) {
      try {
        entry.dispose();
      } catch (thrown) {
        this.#onError(thrown);
      }
    }
  }
}

function rethrowLater(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}
