/**
 * The list of commands, in the order that help shows them. Adding one is one file and one line here.
 */
import type { AnyCommand } from './command.js';
import { completionCommand } from './completion.js';
import { doctorCommand } from './doctor.js';
import { evalCommand } from './eval.js';
import { logsCommand } from './logs.js';
import { luaCommand } from './lua.js';
import { startCommand } from './start.js';
import { statusCommand } from './status.js';
import { stopCommand } from './stop.js';

export const commands: readonly AnyCommand[] = [
  startCommand,
  stopCommand,
  statusCommand,
  logsCommand,
  evalCommand,
  luaCommand,
  doctorCommand,
  completionCommand,
];
