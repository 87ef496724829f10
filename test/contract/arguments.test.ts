/**
 * Every function of every definition refuses every Lua type that a parameter does not take, with the message of the
 * architecture page. Nothing runs: each call has at least one wrong argument.
 */
import { expect, test } from 'vitest';
import type { Fields, NamedSchema, Schema } from '../../base/schema.js';
import type { FunctionDef, PrimitiveDef } from '../../primitives/define.js';
import { primitives } from '../../primitives/index.js';
import { type LuaHost, openLuaHost } from '../support/lua-host.js';

/** One value of each type, and what a message calls it. */
const values = [
  { type: 'nil', code: 'nil', got: 'nil' },
  { type: 'boolean', code: 'true', got: 'boolean' },
  { type: 'integer', code: '1', got: 'number' },
  { type: 'float', code: '1.5', got: 'number' },
  { type: 'string', code: '"x"', got: 'string' },
  { type: 'table', code: '{}', got: 'table' },
  { type: 'function', code: 'print', got: 'function' },
  { type: 'thread', code: 'coroutine.create(print)', got: 'thread' },
] as const;
type ValueType = (typeof values)[number]['type'];

/** The Lua types a schema takes. */
function taken(schema: Schema): readonly ValueType[] {
  switch (schema.kind) {
    case 'str':
    case 'bytes':
    case 'enum':
      return ['string'];
    case 'num':
      return ['integer', 'float'];
    case 'int':
    case 'id':
      return ['integer'];
    case 'bool':
      return ['boolean'];
    case 'any':
      return ['nil', 'boolean', 'integer', 'float', 'string', 'table'];
    case 'list':
    case 'map':
    case 'object':
      return ['table'];
    case 'fn':
      return ['function'];
    case 'opt':
      return ['nil', ...taken(schema.inner as Schema)];
    case 'union':
      return (schema.alternatives as readonly Schema[]).flatMap(taken);
  }
}

/** What a message says is expected. */
function expected(schema: Schema, type: ValueType): string {
  switch (schema.kind) {
    case 'str':
    case 'bytes':
      return 'string';
    case 'num':
      return 'number';
    case 'int':
      return 'integer';
    case 'id':
      return type === 'float' ? 'integer' : `${schema.of} id`;
    case 'bool':
      return 'boolean';
    case 'any':
      return 'a value that can be copied';
    case 'enum':
      return schema.values.map((value) => `'${value}'`).join(' or ');
    case 'list':
    case 'map':
    case 'object':
      return 'table';
    case 'fn':
      return 'function';
    case 'opt':
      return expected(schema.inner as Schema, type);
    case 'union':
      return (schema.alternatives as readonly Schema[]).map((one) => expected(one, type)).join(' or ');
  }
}

const valid: Partial<Record<ValueType, string>> = Object.fromEntries(
  values.map(({ type, code }) => [type, code]),
);

/** A value that fits. */
function fitting({ schema }: NamedSchema): string {
  if (schema.kind === 'object') {
    const required = Object.entries(schema.fields as Fields).filter(([, field]) => field.kind !== 'opt');
    return `{ ${required.map(([name, field]) => `${name} = ${fitting({ name, schema: field, doc: '' })}`).join(', ')} }`;
  }
  return valid[taken(schema).find((type) => type !== 'nil') ?? 'nil'] ?? 'nil';
}

/** Parameters that take more than their schema says, because Lua code stands in front of the host. */
const lenient: Record<string, readonly ValueType[]> = {
  // Whatever it is, it is written.
  ...Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [`log.${level} message`, ['function', 'thread']]),
  ),
  // The handlers of the same plugin get the very value.
  'events.emit data': ['function', 'thread'],
  // The form with a method and an address.
  'http.request request': ['string'],
  // It stands for no subscription.
  'events.off id': ['float'],
};

interface Case {
  readonly call: string;
  readonly message: string;
}

/** `called`: the expression that is called, where that is not the name. A handle's methods take their callback behind. */
function cases(name: string, { params, waits }: FunctionDef, called = name): Case[] {
  return params.flatMap((param, index) => {
    const lead = params.slice(0, index).map(fitting);
    const wrong = values.filter(
      ({ type }) => !taken(param.schema).includes(type) && !lenient[`${name} ${param.name}`]?.includes(type),
    );
    return wrong.flatMap(({ type, code, got }) => {
      // A function behind the arguments of one that waits is its callback: then this argument is missing.
      const isCallback = waits === true && type === 'function';
      if (isCallback && taken(param.schema).includes('nil')) return [];
      const shown = isCallback
        ? called === name
          ? 'no value'
          : 'function'
        : type === 'float' && got === 'number' && isWhole(param.schema)
          ? '1.5'
          : got;
      const what = param.schema.kind === 'any' ? '' : `, got ${shown})`;
      const expectation = isCallback && param.schema.kind === 'any' ? 'value' : expected(param.schema, type);
      return [
        {
          call: `${called}(${[...lead, code].join(', ')})`,
          message: `bad argument #${index + 1} to '${name}' (${param.name}: ${expectation} expected${what}`,
        },
      ];
    });
  });
}

function isWhole(schema: Schema): boolean {
  return (
    schema.kind === 'int' ||
    schema.kind === 'id' ||
    (schema.kind === 'opt' && isWhole(schema.inner as Schema))
  );
}

const functions = primitives.flatMap(({ def }: { readonly def: PrimitiveDef }) =>
  Object.entries(def.functions)
    .filter(([, fn]) => fn.by !== 'hidden')
    .map(([name, fn]) => ({ name: `${def.name}.${name}`, cases: cases(`${def.name}.${name}`, fn) })),
);

test.each(functions.filter((one) => one.cases.length > 0))('$name refuses every wrong type', async (one) => {
  const host = openLuaHost();
  const outcomes = await outcomesOf(host, one.cases);
  for (const [index, { call, message }] of one.cases.entries()) {
    expect((outcomes as string[])[index], call).toContain(message);
  }
});

const handles = primitives.flatMap(({ def }: { readonly def: PrimitiveDef }) =>
  Object.entries(def.handles ?? {}).map(([name, { sample, methods }]) => ({
    name,
    sample,
    cases: Object.entries(methods).flatMap(([method, fn]) =>
      cases(`${name}:${method}`, fn, `handle:${method}`),
    ),
  })),
);

test.each(handles)('every method of $name refuses every wrong type', async (one) => {
  const host = openLuaHost();
  expect(await outcomesOf(host, one.cases, `handle = ${one.sample}`)).toEqual(
    one.cases.map(({ message }): unknown => expect.stringContaining(message)),
  );
});

/** What the calls raise, in order. */
async function outcomesOf(host: LuaHost, all: readonly Case[], before = ''): Promise<unknown> {
  const script = `
    ${before}
    local outcomes = {}
    for _, call in ipairs(json.decode(...)) do
      local ok, message = pcall(load(call))
      outcomes[#outcomes + 1] = ok and "nothing raised" or message
    end
    return outcomes`;
  return (await host.run(script, JSON.stringify(all.map(({ call }) => call))))[0];
}

test('functions without parameters are few', () => {
  expect(functions.filter((one) => one.cases.length === 0).map(({ name }) => name)).toEqual([
    'crypto.uuid',
    'config.all',
    'config.lua_path',
    'config.data_dir',
    'pty.list',
    'pty.lease_port',
    'hub.hub_id',
    'hub.socket_path',
    'hub.server_id',
    'hub.get_worktrees',
    'hub.agents',
    'hub.quit',
    'hub.metrics',
    'worktree.list',
    'worktree.repo_root',
    'worktree.is_git_repo',
    'webrtc.peers',
    'connection.copy_to_clipboard',
    'connection.address',
    'connection.devices',
  ]);
});
