/**
 * One definition per Lua global.
 *
 * A definition is data: functions, parameters, results, errors, events, examples. From it come the TypeScript type of
 * the implementation, argument checks, the Lua registration, the events of the HubEvent union, the LuaLS stub, the
 * Markdown reference and the contract tests. A definition imports this file and base/schema.ts, nothing else.
 */
import type { HubError } from '../base/errors.js';
import type { Lane } from '../base/event-lanes.js';
import type { Fields, Infer, InferArgs, InferFields, NamedSchema, Schema } from '../base/schema.js';
import type { LuaValue } from '../base/values.js';
import type { StatusReport } from '../protocol/status.js';
import type { EngineContext, HubContext } from './context.js';

export interface FunctionDef {
  /** One present-tense sentence, then what types cannot say. */
  readonly doc: string;
  readonly params: readonly NamedSchema[];
  /** Results in order; a function with no results returns `true` if it can fail, else nothing. */
  readonly returns: readonly NamedSchema[];
  /** Codes of expected failures (`nil, err`) and when they happen. */
  readonly errors: Readonly<Record<string, string>>;
  /** Lua that runs as it stands in a fresh hub, using `assert` to show what holds. */
  readonly example: string;
  /**
   * The implementation returns a promise; the calling task waits while the hub goes on. Every waiting function also
   * takes a callback last (`callback(result, err)`, called once) and then returns at once.
   */
  readonly waits?: true;
  /** Waits like a blocking call would, so it is allowed only while a chunk loads; names the form to use elsewhere. */
  readonly loadOnly?: string;
  /** `hidden` is for the companion only; `companion` is written in Lua in the companion file. */
  readonly by?: 'hidden' | 'companion';
  /** Other ways to call it, as LuaLS function types. Documentation only: the implementation tells them apart. */
  readonly overloads?: readonly string[];
  /** The name in error messages, where it is not `global.function`. */
  readonly shownAs?: string;
}

export interface EventDef<F extends Fields = Fields> {
  /** control: never dropped, a full lane pushes back. bulk: coalesced by `key`, drops are counted. */
  readonly lane: Lane;
  readonly doc: string;
  readonly fields: F;
  /** Field whose value coalesces: a queued event of the same type and value is replaced by the newer one. */
  readonly key?: keyof F & string;
}

/** A Lua table with methods that functions return: made by the companion, documented and tested from here. */
export interface HandleDef {
  readonly doc: string;
  /** What can be read from it. */
  readonly fields: Fields;
  /** Called with a colon. All are written in the companion, so their `by` is of no account. */
  readonly methods: Readonly<Record<string, FunctionDef>>;
  /** Lua that makes one, for the tests of its methods. */
  readonly sample: string;
}

export interface PrimitiveDef {
  readonly name: string;
  readonly doc: string;
  readonly functions: Readonly<Record<string, FunctionDef>>;
  /** By LuaLS class name: the name of the object schema that functions return them as. */
  readonly handles?: Readonly<Record<string, HandleDef>>;
  /** Values beside the functions, such as `json.null`. Documented here, set by the companion or hub/lua. */
  readonly constants?: Readonly<Record<string, { readonly doc: string; readonly luaType: string }>>;
  readonly events?: Readonly<Record<string, EventDef>>;
  /** A Lua file under lua/, run once per engine with (public table, hidden functions). */
  readonly companion?: string;
}

export function definePrimitive<const D extends PrimitiveDef>(definition: D): D {
  return definition;
}

export function fn<const F extends FunctionDef>(definition: F): F {
  return definition;
}

export function event<const L extends Lane, const F extends Fields>(
  lane: L,
  doc: string,
  fields: F,
  options: { key?: keyof F & string } = {},
): EventDef<F> & { readonly lane: L } {
  return { lane, doc, fields, ...options };
}

type ResultOf<R> = R extends readonly []
  ? void
  : R extends readonly [NamedSchema<string, infer S>]
    ? Infer<S>
    : { [I in keyof R]: R[I] extends NamedSchema<string, infer S extends Schema> ? Infer<S> : never };

type Outcome<F extends FunctionDef> =
  | ResultOf<F['returns']>
  | (keyof F['errors'] extends never ? never : HubError<keyof F['errors'] & string>);

type Implementation<F extends FunctionDef> = F extends { readonly waits: true }
  ? (...args: InferArgs<F['params']>) => Promise<Outcome<F>>
  : (...args: InferArgs<F['params']>) => Outcome<F>;

type FunctionsOf<D extends PrimitiveDef> = D['functions'];

/** What a primitive must provide for one engine: every function that is not written in the companion. */
export type FunctionsFor<D extends PrimitiveDef> = {
  readonly [K in keyof FunctionsOf<D> as FunctionsOf<D>[K] extends { readonly by: 'companion' }
    ? never
    : K]: Implementation<FunctionsOf<D>[K]>;
};

/** The events of a definition: `{ type: 'timer.fired', id: number }`. */
export type EventsOf<D> = D extends { readonly name: infer N extends string; readonly events: infer E }
  ? {
      [K in keyof E & string]: E[K] extends EventDef<infer F>
        ? { readonly type: `${N}.${K}` } & InferFields<F>
        : never;
    }[keyof E & string]
  : never;

export type HandlersOf<E extends { readonly type: string }> = {
  readonly [K in E['type']]: (event: Extract<E, { readonly type: K }>) => void;
};

/** HandlersOf as a conditional type: TypeScript resolves one before it types the handlers' parameters. */
type HandlersFor<D extends PrimitiveDef> = D extends unknown ? HandlersOf<EventsOf<D>> : never;

/** A primitive at work in one hub. */
export interface PrimitiveInstance<D extends PrimitiveDef> {
  /** Its functions for one engine; called once per engine. What they register hangs on `engine.scope`. */
  engine(engine: EngineContext): FunctionsFor<D>;
  /** Handles the primitive's own events. Total: a missing one does not compile. */
  readonly handlers: HandlersFor<D>;
  /** Gets every host fact (`HubContext.notify`), to pass it on to Lua. */
  readonly notify?: (name: string, data: LuaValue) => void;
  /** Resolves when it knows again what outlived the last hub. The hub's own Lua starts after that. */
  readonly ready?: Promise<void>;
  /** What it adds to `botster status`. */
  readonly status?: () => Partial<StatusReport>;
}

export interface Primitive<D extends PrimitiveDef = PrimitiveDef> {
  readonly def: D;
  readonly open: (hub: HubContext<EventsOf<D>>) => PrimitiveInstance<D>;
}

export function implement<const D extends PrimitiveDef>(
  def: D,
  open: (hub: HubContext<EventsOf<D>>) => PrimitiveInstance<D>,
): Primitive<D> {
  return { def, open };
}
