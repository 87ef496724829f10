/**
 * Types as data: what a parameter, a result, an event field or a wire message may be.
 *
 * One schema gives the TypeScript type (Infer), the check and its message, the LuaLS annotation and the reference.
 * hub/lua compiles schemas to readers of Lua values; base/check.ts checks plain JS values (events, wire messages).
 */
import type { Callback, LuaValue } from './values.js';

interface Base<Kind extends string, T> {
  readonly kind: Kind;
  /** Never set: carries the TypeScript type. */
  readonly _type?: T;
}

export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
}
export interface SizeLimit {
  /** Largest size in bytes. */
  readonly maxBytes?: number;
}

/** Text: valid UTF-8, no other bytes. */
export interface StrSchema extends Base<'str', string>, SizeLimit {
  /** Refuses the empty string and NUL bytes: paths, names, keys. */
  readonly name?: boolean;
}
/** Any Lua string, byte for byte. */
export interface BytesSchema extends Base<'bytes', Uint8Array>, SizeLimit {}
export interface NumSchema extends Base<'num', number>, NumberRange {}
export interface IntSchema extends Base<'int', number>, NumberRange {}
export interface BoolSchema extends Base<'bool', boolean> {}
/** Anything that can be copied: no functions, threads or userdata inside. */
export interface AnySchema extends Base<'any', LuaValue> {}
export interface EnumSchema<V extends string = string> extends Base<'enum', V> {
  readonly values: readonly V[];
}
/** The name of something the host made: a timer, a subscription. */
export interface IdSchema<Of extends string = string> extends Base<'id', number> {
  readonly of: Of;
}
export interface ListSchema<E extends Schema = Schema> extends Base<'list', Infer<E>[]> {
  readonly element: E;
}
export interface MapSchema<E extends Schema = Schema>
  extends Base<'map', Readonly<Record<string, Infer<E>>>> {
  readonly element: E;
}
export type Fields = Readonly<Record<string, Schema>>;
export interface ObjectSchema<F extends Fields = Fields> extends Base<'object', InferFields<F>> {
  readonly fields: F;
  /** LuaLS class name, where the shape has one. */
  readonly name?: string;
}
export interface FnSchema<A extends readonly NamedSchema[] = readonly NamedSchema[]>
  extends Base<'fn', Callback<InferArgs<A>>> {
  /** What the function is called with. */
  readonly args: A;
}
export interface OptSchema<S extends Schema = Schema> extends Base<'opt', Infer<S> | undefined> {
  readonly inner: S;
}
/** The first alternative that fits. Alternatives must differ in their Lua type. */
export interface UnionSchema<S extends readonly Schema[] = readonly Schema[]>
  extends Base<'union', Infer<S[number]>> {
  readonly alternatives: S;
}

export type Schema =
  | StrSchema
  | BytesSchema
  | NumSchema
  | IntSchema
  | BoolSchema
  | AnySchema
  | EnumSchema
  | IdSchema
  // biome-ignore lint/suspicious/noExplicitAny: recursive generics need a top type
  | ListSchema<any>
  // biome-ignore lint/suspicious/noExplicitAny: recursive generics need a top type
  | MapSchema<any>
  // biome-ignore lint/suspicious/noExplicitAny: recursive generics need a top type
  | ObjectSchema<any>
  // biome-ignore lint/suspicious/noExplicitAny: recursive generics need a top type
  | FnSchema<any>
  // biome-ignore lint/suspicious/noExplicitAny: recursive generics need a top type
  | OptSchema<any>
  // biome-ignore lint/suspicious/noExplicitAny: recursive generics need a top type
  | UnionSchema<any>;

/** A schema under a name, with its meaning: a parameter, a callback's argument, a named result. */
export interface NamedSchema<N extends string = string, S extends Schema = Schema> {
  readonly name: N;
  readonly schema: S;
  readonly doc: string;
}

export type Infer<S> = S extends { readonly _type?: infer T } ? Exclude<T, undefined> | OptPart<S> : never;
type OptPart<S> = S extends { readonly kind: 'opt' | 'any' } ? undefined : never;

type OptionalKeys<F> = { [K in keyof F]: F[K] extends { readonly kind: 'opt' } ? K : never }[keyof F];
export type InferFields<F> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: Infer<F[K]> };

export type InferArgs<A> = {
  -readonly [I in keyof A]: A[I] extends NamedSchema<string, infer S> ? Infer<S> : never;
};

/** The vocabulary of schemas. */
export const t = {
  str: { kind: 'str' } as StrSchema,
  /** A non-empty string without NUL: a path, a name, a key. */
  name: { kind: 'str', name: true } as StrSchema,
  text: (options: SizeLimit): StrSchema => ({ kind: 'str', ...options }),
  bytes: { kind: 'bytes' } as BytesSchema,
  num: (range: NumberRange = {}): NumSchema => ({ kind: 'num', ...range }),
  int: (range: NumberRange = {}): IntSchema => ({ kind: 'int', ...range }),
  bool: { kind: 'bool' } as BoolSchema,
  any: { kind: 'any' } as AnySchema,
  oneOf: <const V extends readonly string[]>(...values: V): EnumSchema<V[number]> => ({
    kind: 'enum',
    values,
  }),
  id: <const Of extends string>(of: Of): IdSchema<Of> => ({ kind: 'id', of }),
  list: <const E extends Schema>(element: E): ListSchema<E> => ({ kind: 'list', element }),
  map: <const E extends Schema>(element: E): MapSchema<E> => ({ kind: 'map', element }),
  object: <const F extends Fields>(fields: F, name?: string): ObjectSchema<F> => ({
    kind: 'object',
    fields,
    ...(name === undefined ? {} : { name }),
  }),
  fn: <const A extends readonly NamedSchema[]>(...args: A): FnSchema<A> => ({ kind: 'fn', args }),
  opt: <const S extends Schema>(inner: S): OptSchema<S> => ({ kind: 'opt', inner }),
  union: <const S extends readonly Schema[]>(...alternatives: S): UnionSchema<S> => ({
    kind: 'union',
    alternatives,
  }),
};

export function named<const N extends string, const S extends Schema>(
  name: N,
  schema: S,
  doc: string,
): NamedSchema<N, S> {
  return { name, schema, doc };
}
