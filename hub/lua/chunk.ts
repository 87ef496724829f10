/** Lua source to a Lua function: text only, so that no crafted bytecode reaches the virtual machine. */
import { LUA_OK } from './constants.js';
import type { LuaState } from './state.js';
import { LuaError } from './task.js';
import { readError } from './traceback.js';
import type { Ptr } from './wasm.js';

/** The parser cannot be interrupted; this takes it some 50 ms. As in lua/std/base.lua. */
const MAX_CHUNK_BYTES = 1024 * 1024;

/** Pushes the compiled chunk, or throws the syntax error. Text only. */
export function compileChunk(state: LuaState, L: Ptr, source: string | Uint8Array, chunkName: string): void {
  const { x, vm } = state;
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  if (bytes.length > MAX_CHUNK_BYTES) {
    const message = `${chunkName.slice(1)}: ${bytes.length} bytes are more than a chunk may have (${MAX_CHUNK_BYTES})`;
    throw new LuaError('syntax', message, message);
  }
  const at = x.malloc(bytes.length + 1);
  const name = vm.cString(chunkName);
  const mode = vm.cString('t');
  try {
    vm.u8.set(bytes, at);
    if (x.luaL_loadbufferx(L, at, bytes.length, name, mode) === LUA_OK) return;
  } finally {
    for (const pointer of [at, name, mode]) x.free(pointer);
  }
  const error = readError(state, L, 'syntax');
  throw new LuaError('syntax', error.message, error.message);
}
