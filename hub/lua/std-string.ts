/**
 * What lua/std/string.lua needs of the host: searching that can be interrupted, and fast repetition.
 *
 * Keeps true: nothing here runs longer than `interrupt` allows, which raises when the time that cannot be interrupted
 * is over; results are those of Lua's own functions.
 */
import { TYPE } from './constants.js';
import { isWellFormed } from './pattern-check.js';
import { PatternError, PatternMatcher } from './patterns.js';
import { type HostFunction, LuaRaise, type LuaState } from './state.js';
import { NotEnoughMemory } from './strings.js';
import type { Ptr } from './wasm.js';

/** Longest result of string.rep. */
const MAX_REPEATED_BYTES = 64 * 1024 * 1024;

/** Start positions that a search tries between two looks at the slice. */
const STARTS_PER_LOOK = 64;

/** What a long-running host function asks of the executor. */
export interface Deadlines {
  /** Raises when the time that cannot be interrupted is over. */
  interrupt(): void;
  /** Whether it is time to return to Lua, where the task can be paused. */
  sliceOver(): boolean;
}

export function stringFunctions(state: LuaState, deadlines: Deadlines): Record<string, HostFunction> {
  const interrupt = (): void => deadlines.interrupt();
  const { x, vm } = state;
  const lengthAt = x.malloc(4);
  const view = (L: Ptr, index: number): Uint8Array => {
    const at = x.lua_tolstring(L, index, lengthAt);
    return vm.u8.subarray(at, at + (vm.i32[lengthAt >> 2] ?? 0));
  };
  const pushRange = (L: Ptr, start: number, end: number): void => {
    x.lua_pushlstring(L, x.lua_tolstring(L, 1, 0) + start, end - start);
  };
  const pushNil = (L: Ptr): number => {
    x.lua_pushnil(L);
    return 1;
  };
  return {
    /**
     * (subject, pattern, from, anchors, last_end, bare) -> start, end, captures...; or nil; or, because the slice is
     * over, false and where to go on. Positions count from 1, the end is inclusive. `anchors`: a leading ^ is an anchor.
     * An empty match that ends at `last_end` does not count. `bare`: the captures are not wanted.
     */
    search: (L) => {
      const [subject, pattern] = [view(L, 1), view(L, 2)];
      const anchored = x.lua_toboolean(L, 4) !== 0 && pattern[0] === 0x5e;
      const lastEnd = x.lua_type(L, 5) === TYPE.number ? x.lua_tonumberx(L, 5, 0) : -1;
      const matcher = new PatternMatcher(subject, pattern, interrupt);
      return raising(() => {
        for (let start = x.lua_tonumberx(L, 3, 0) - 1; start <= subject.length; start++) {
          const end = matcher.matchAt(start, anchored ? 1 : 0);
          if (end >= 0 && end !== lastEnd) return pushMatch(start, end);
          if (anchored) break;
          if (start % STARTS_PER_LOOK === 0 && deadlines.sliceOver()) {
            x.lua_pushboolean(L, 0);
            state.writer.pushNumber(L, start + 2);
            return 2;
          }
        }
        return pushNil(L);
      });

      function pushMatch(start: number, end: number): number {
        const captures = x.lua_toboolean(L, 6) !== 0 ? [] : matcher.captures();
        if (x.lua_checkstack(L, captures.length + 2) === 0) throw new LuaRaise('too many captures');
        state.writer.pushNumber(L, start + 1);
        state.writer.pushNumber(L, end);
        for (const capture of captures) {
          if ('position' in capture) state.writer.pushNumber(L, capture.position);
          else pushRange(L, capture.start, capture.end);
        }
        return captures.length + 2;
      }
    },
    /** (pattern) -> whether nothing in it can make Lua refuse it. */
    is_well_formed: (L) => {
      x.lua_pushboolean(L, isWellFormed(view(L, 1)) ? 1 : 0);
      return 1;
    },
    /** (subject, text, from) -> start, end; or nil. */
    find_text: (L) => {
      const needle = view(L, 2);
      const at = PatternMatcher.indexOf(view(L, 1), needle, x.lua_tonumberx(L, 3, 0) - 1, interrupt);
      if (at < 0) return pushNil(L);
      state.writer.pushNumber(L, at + 1);
      state.writer.pushNumber(L, at + needle.length);
      return 2;
    },
    /** (text, times, separator): times >= 1, all checked by the caller. */
    repeated: (L) => {
      const [unit, separator] = [view(L, 1).length, view(L, 3).length];
      const times = x.lua_tonumberx(L, 2, 0);
      const total = times * unit + (times - 1) * separator;
      if (total > MAX_REPEATED_BYTES) throw new LuaRaise('resulting string too large');
      const at = x.malloc(total || 1);
      if (at === 0) throw new NotEnoughMemory('not enough memory');
      try {
        fillRepeated(vm.u8.subarray(at, at + total), view(L, 1), view(L, 3));
        x.lua_pushlstring(L, at, total);
      } finally {
        x.free(at);
      }
      return 1;
    },
  };
}

/** Writes unit, separator, unit, …, by copying what is there already: each round doubles it. */
function fillRepeated(target: Uint8Array, unit: Uint8Array, separator: Uint8Array): void {
  if (target.length === 0) return;
  target.set(unit);
  const period = unit.length + separator.length;
  if (period < target.length || unit.length < target.length) target.set(separator, unit.length);
  for (let filled = period; filled < target.length; filled *= 2) {
    target.copyWithin(filled, 0, Math.min(filled, target.length - filled));
  }
}

function raising<T>(run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    throw thrown instanceof PatternError ? new LuaRaise(thrown.message) : thrown;
  }
}
