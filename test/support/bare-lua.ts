/** A Lua state with Lua's own library and nothing of the hub: what ours is compared with. */
import type { LuaValue } from '../../base/values.js';
import { compileChunk } from '../../hub/lua/chunk.js';
import { LUA_OK, MULTRET } from '../../hub/lua/constants.js';
import { LuaState } from '../../hub/lua/state.js';
import { readError } from '../../hub/lua/traceback.js';
import { MemoryLog } from './memory-log.js';

const MIB = 1024 * 1024;

export class BareLua {
  readonly #state = new LuaState({ capBytes: 64 * MIB, hostReserveBytes: 16 * MIB }, new MemoryLog());

  /** Runs a chunk with arguments. Throws LuaError. */
  call(code: string, ...args: LuaValue[]): LuaValue[] {
    const { x, L, reader, writer } = this.#state;
    compileChunk(this.#state, L, code, '=bare');
    for (const arg of args) writer.push(L, arg);
    if (x.lua_pcallk(L, args.length, MULTRET, 0, 0, 0) !== LUA_OK) throw readError(this.#state, L, 'error');
    const results: LuaValue[] = [];
    for (let i = 1; i <= x.lua_gettop(L); i++) results.push(reader.read(L, i));
    x.lua_settop(L, 0);
    return results;
  }
}
