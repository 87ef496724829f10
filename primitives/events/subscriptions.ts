/**
 * Which engines listen to which events, and the way to them.
 *
 * Handlers are counted here but live in Lua: the host calls one function per engine, which runs that engine's handlers
 * in order. An engine that listens to nothing costs an event nothing.
 */
import type { Disposable } from '../../base/scope.js';
import type { Callback, LuaValue } from '../../base/values.js';

export type Deliver = Callback<[event: string, data: LuaValue]>;

export class Subscriptions {
  /** Event to the engines that listen, in the order of their first subscription. Holds no empty set. */
  readonly #listeners = new Map<string, Set<EngineSubscriptions>>();

  open(): EngineSubscriptions {
    return new EngineSubscriptions(this.#listeners);
  }

  has(event: string): boolean {
    return this.#listeners.has(event);
  }

  hasOthers(event: string, than: EngineSubscriptions): boolean {
    const engines = this.#listeners.get(event);
    return engines !== undefined && engines.size > (engines.has(than) ? 1 : 0);
  }

  /** Queues the handlers of every engine except the one that emits, which runs its own. */
  deliver(event: string, data: LuaValue, from?: EngineSubscriptions): void {
    for (const engine of this.#listeners.get(event) ?? []) {
      if (engine !== from) engine.deliver?.call(event, data);
    }
  }
}

export class EngineSubscriptions implements Disposable {
  /** Set once, by the companion. */
  deliver: Deliver | undefined;
  readonly #listeners: Map<string, Set<EngineSubscriptions>>;
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor(listeners: Map<string, Set<EngineSubscriptions>>) {
    this.#listeners = listeners;
  }

  /** How many handlers the engine has. */
  get total(): number {
    return this.#total;
  }

  add(event: string): void {
    this.#total++;
    const count = this.#counts.get(event) ?? 0;
    this.#counts.set(event, count + 1);
    if (count > 0) return;
    const engines = this.#listeners.get(event);
    if (engines === undefined) this.#listeners.set(event, new Set([this]));
    else engines.add(this);
  }

  remove(event: string): void {
    const count = this.#counts.get(event);
    if (count === undefined) return;
    this.#total--;
    if (count > 1) this.#counts.set(event, count - 1);
    else this.#forget(event);
  }

  dispose(): void {
    for (const event of [...this.#counts.keys()]) this.#forget(event);
    this.#total = 0;
    this.deliver?.release();
    this.deliver = undefined;
  }

  #forget(event: string): void {
    this.#counts.delete(event);
    const engines = this.#listeners.get(event);
    engines?.delete(this);
    if (engines?.size === 0) this.#listeners.delete(event);
  }
}
