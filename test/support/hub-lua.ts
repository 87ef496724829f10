/** The hub's own Lua in a test's engine: what `require("hub.…")` finds. */
import { resolve } from 'node:path';
import type { ModuleRoot } from '../../hub/lua/modules.js';

export const hubModules: readonly ModuleRoot[] = [
  { folder: resolve(import.meta.dirname, '../../lua'), shownAs: 'lua' },
];
