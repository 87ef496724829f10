/**
 * The list of commands, in the order that help shows them. Adding one is one file and one line here. A command whose
 * name is two words belongs to the group of its first.
 */
import { agentListCommand } from './agent/list.js';
import { agentNewCommand } from './agent/new.js';
import { agentRmCommand } from './agent/rm.js';
import { agentTypesCommand } from './agent/types.js';
import { attachCommand } from './attach/attach.js';
import type { AnyCommand, GroupDef } from './command.js';
import { completionCommand } from './completion.js';
import { connectCommand } from './connect-code.js';
import { devicesListCommand } from './devices/list.js';
import { devicesRenameCommand } from './devices/rename.js';
import { devicesRevokeCommand } from './devices/revoke.js';
import { devicesViewOnlyCommand } from './devices/view-only.js';
import { doctorCommand } from './doctor.js';
import { evalCommand } from './eval.js';
import { logsCommand } from './logs.js';
import { luaCommand } from './lua.js';
import { relayCommand } from './relay.js';
import { sessionKillCommand } from './session/kill.js';
import { sessionListCommand } from './session/list.js';
import { sessionLogCommand } from './session/log.js';
import { sessionRenameCommand } from './session/rename.js';
import { sessionScreenCommand } from './session/screen.js';
import { sessionSendCommand } from './session/send.js';
import { sessionWaitCommand } from './session/wait.js';
import { startCommand } from './start.js';
import { statusCommand } from './status.js';
import { stopCommand } from './stop.js';

export const commands: readonly AnyCommand[] = [
  startCommand,
  stopCommand,
  statusCommand,
  agentNewCommand,
  agentListCommand,
  agentRmCommand,
  agentTypesCommand,
  attachCommand,
  connectCommand,
  devicesListCommand,
  devicesRenameCommand,
  devicesViewOnlyCommand,
  devicesRevokeCommand,
  sessionListCommand,
  sessionSendCommand,
  sessionScreenCommand,
  sessionLogCommand,
  sessionWaitCommand,
  sessionKillCommand,
  sessionRenameCommand,
  logsCommand,
  evalCommand,
  luaCommand,
  relayCommand,
  doctorCommand,
  completionCommand,
];

export const groups: readonly GroupDef[] = [
  {
    name: 'agent',
    summary: 'start, list and remove agents',
    description:
      'An agent is a coding agent, a shell or any command, in a git worktree of its own. ID is its id, the first ' +
      'characters of it, its branch or its name, as long as they mean one agent only.',
  },
  {
    name: 'devices',
    summary: 'list paired phones and browsers, name them, take their access away',
    description:
      'Without COMMAND it lists them. A device is one browser that was paired with "botster connect". ID is its id, the ' +
      'first characters of it, or its name, as long as they mean one device only.',
    default: 'list',
  },
  {
    name: 'session',
    summary: 'look at sessions, type into them, wait for them, end them',
    description:
      'A session is one program in a terminal of its own: an agent, a server, a shell. ID is its uuid, the first ' +
      'characters of it, or its name, as long as they mean one session only. Sessions live on when the hub ends.',
  },
];
