/**
 * The primitives at work in one hub: opened once, bound to every engine.
 *
 * Keeps true: a primitive sees the hub only through HubContext; its companion files are read once, at start. Adding a
 * primitive changes nothing here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LuaValue } from '../base/values.js';
import type { HubContext } from '../primitives/context.js';
import type { Primitive, PrimitiveDef, PrimitiveInstance } from '../primitives/define.js';
import { primitives } from '../primitives/index.js';
import type { StatusReport } from '../protocol/status.js';
import type { Handlers, PrimitiveEvent } from './events.js';
import type { Engine } from './lua/engine.js';
import type { StandardSource } from './lua/standard.js';

interface OpenPrimitive {
  readonly def: PrimitiveDef;
  readonly instance: PrimitiveInstance<PrimitiveDef>;
  readonly companion: StandardSource | undefined;
}

/** Handlers of the primitives' events, and of no others. */
export type PrimitiveHandlers = Pick<Handlers, PrimitiveEvent['type']>;

export class PrimitiveHost {
  readonly #open: readonly OpenPrimitive[];

  /** `contextFor` gives each primitive its own log. */
  constructor(luaPath: string, contextFor: (name: string) => HubContext<PrimitiveEvent>) {
    // each primitive is generic in its own definition; the list is of all of them
    this.#open = (primitives as readonly unknown[] as readonly Primitive[]).map(({ def, open }) => ({
      def,
      instance: open(contextFor(def.name) as HubContext),
      companion: def.companion === undefined ? undefined : readCompanion(luaPath, def.companion),
    }));
  }

  /** Sets the globals of `engine`. */
  bind(engine: Engine): void {
    for (const { def, instance, companion } of this.#open) {
      engine.addPrimitive(def, instance.engine(engine), companion);
    }
  }

  get handlers(): PrimitiveHandlers {
    return Object.assign({}, ...this.#open.map(({ instance }) => instance.handlers)) as PrimitiveHandlers;
  }

  /** Passes a host fact to the primitives that forward such facts to Lua. */
  notify(name: string, data: LuaValue): void {
    for (const { instance } of this.#open) instance.notify?.(name, data);
  }

  /** Resolves when every primitive knows what outlived the last hub. */
  async ready(): Promise<void> {
    for (const { instance } of this.#open) await instance.ready;
  }

  /** What primitives add to `botster status`. */
  status(): Partial<StatusReport> {
    return Object.assign(
      {},
      ...this.#open.map(({ instance }) => instance.status?.()),
    ) as Partial<StatusReport>;
  }
}

function readCompanion(luaPath: string, file: string): StandardSource {
  return { chunkName: `@${file}`, source: readFileSync(join(luaPath, file)) };
}
