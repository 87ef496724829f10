import type { HostFunction, LuaState } from './state.js';
export function stringFunctions(_state: LuaState, _interrupt: () => void): Record<string, HostFunction> { return {}; }
