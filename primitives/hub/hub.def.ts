/**
 * The Lua global `hub`: who this hub is, how it is doing, which agents it has, and its end. Its names for signaling are
 * those of `webrtc` and `connection`.
 */
import { named, t } from '../../base/schema.js';
import { connectionDef } from '../connection/connection.def.js';
import { definePrimitive, fn } from '../define.js';
import { webrtcDef } from '../webrtc/webrtc.def.js';
import { worktreeDef } from '../worktree/worktree.def.js';

const key = named('key', t.text({ maxBytes: 200 }), "The agent's name in this hub.");
const limit = {
  'hub.agent_limit': '1,000 agents are registered already, or this one has more than 64 sessions.',
} as const;

export const hubDef = definePrimitive({
  name: 'hub',
  doc: 'Tells who this hub is, how it is doing, and which agents it has.',
  companion: 'lib/hub.lua',
  functions: {
    hub_id: fn({
      doc: 'Names this hub on this machine. It depends on the path of the repository only.',
      params: [],
      returns: [named('id', t.str, 'Hexadecimal; the same as in `hub_discovery.list()`.')],
      errors: {},
      example: 'assert(#hub.hub_id() == 16)',
    }),
    socket_path: fn({
      doc: 'Tells where the socket of this hub is, for programs that speak with it.',
      params: [],
      returns: [named('path', t.str, 'An absolute path.')],
      errors: {},
      example: 'assert(hub.socket_path():sub(1, 1) == "/")',
    }),
    server_id: fn({
      doc: 'Names this hub at the signaling server it is registered with.',
      params: [],
      returns: [named('id', t.opt(t.str), '`nil` until it is registered.')],
      errors: {},
      example: 'log.info(hub.server_id() or "not registered")',
    }),
    get_worktrees: fn({
      by: 'companion',
      waits: true,
      doc: 'Lists the worktrees of the repository; `worktree.list` says more of each.',
      params: [],
      returns: [
        named('worktrees', t.list(t.object({ path: t.str, branch: t.opt(t.str) })), 'The main one first.'),
      ],
      errors: worktreeDef.functions.list.errors,
      example: `local worktrees, err = hub.get_worktrees()
log.info(worktrees and #worktrees or err)`,
    }),
    register_agent: fn({
      by: 'companion',
      doc: `Makes an agent known to the whole hub: a name for one or more sessions. A name that is taken gets the new sessions.
A plugin's agents are unregistered when it ends; their sessions go on. Tells \`agent_registered\` {key, session_uuids}.`,
      params: [
        key,
        named('handles', t.list(t.any), 'A handle of `pty`, or a list or table of handles. None is fine.'),
      ],
      returns: [],
      errors: limit,
      example: `assert(hub.register_agent("demo", {}))
assert(hub.unregister_agent("demo") == true)`,
    }),
    unregister_agent: fn({
      doc: 'Takes an agent out of the list. Its sessions go on. Tells `agent_unregistered` {key, session_uuids}.',
      params: [key],
      returns: [named('removed', t.bool, 'False if there is none of this name.')],
      errors: {},
      example: 'assert(hub.unregister_agent("nobody") == false)',
    }),
    agents: fn({
      doc: 'Lists the agents that are registered, by whichever plugin.',
      params: [],
      returns: [named('agents', t.map(t.list(t.str)), 'By key, the uuids of their sessions.')],
      errors: {},
      example: 'for key, uuids in pairs(hub.agents()) do log.info(key .. ": " .. #uuids) end',
    }),
    _register_agent: fn({
      by: 'hidden',
      shownAs: 'hub.register_agent',
      doc: 'Registers an agent.',
      params: [key, named('handles', t.list(t.str), 'Uuids.')],
      returns: [],
      errors: limit,
      example: '',
    }),
    quit: fn({
      doc: 'Ends the hub, gracefully and soon. Sessions live on; the next hub of this repository finds them.',
      params: [],
      returns: [],
      errors: {},
      example: 'events.on("please_stop", function() hub.quit() end)',
    }),
    detect_repo: fn({
      waits: true,
      doc: `Tells the repository's name at its host, as \`owner/name\`: the variable \`BOTSTER_REPO\` if it is set and no path is
given, else from the address of the git remote \`origin\`.`,
      params: [
        named(
          'path',
          t.opt(t.name),
          'A folder of the repository to ask. Default: the repository of this hub.',
        ),
      ],
      returns: [named('repo', t.str, 'Such as `trybotster/botster`. Groups stay: `group/sub/name`.')],
      errors: {
        'hub.no_remote': 'The folder is in no repository, or it has no `origin`, or that is a local path.',
        'hub.git_failed': 'git is not installed, or did not answer within 10 seconds.',
      },
      example: `local repo, err = hub.detect_repo()
log.info(repo or err)`,
    }),
    handle_webrtc_offer: fn({
      by: 'companion',
      waits: true,
      doc: 'Answers the offer of a device: `webrtc.handle_offer`.',
      params: webrtcDef.functions.handle_offer.params,
      returns: [],
      errors: webrtcDef.functions.handle_offer.errors,
      example: `local done, err = hub.handle_webrtc_offer("nobody", "v=0")
assert(done == nil and err.code == "webrtc.unknown_device")`,
    }),
    handle_ice_candidate: fn({
      by: 'companion',
      doc: 'Takes a way by which a device may be reached: `webrtc.handle_ice_candidate`, and a bare line will do.',
      params: [
        webrtcDef.functions.handle_ice_candidate.params[0],
        named(
          'candidate',
          t.union(t.str, webrtcDef.functions.handle_ice_candidate.params[1].schema),
          'The way.',
        ),
      ],
      returns: [],
      errors: webrtcDef.functions.handle_ice_candidate.errors,
      example: `local done, err = hub.handle_ice_candidate("nobody", "candidate:1 1 udp 1 127.0.0.1 9 typ host")
assert(done == nil and err.code == "webrtc.unknown_device")`,
    }),
    request_ratchet_restart: fn({
      by: 'companion',
      waits: true,
      doc: "Throws a device's keys away, so that it greets again: `connection.restart_ratchet`.",
      params: connectionDef.functions.restart_ratchet.params,
      returns: connectionDef.functions.restart_ratchet.returns,
      errors: connectionDef.functions.restart_ratchet.errors,
      example: 'assert(hub.request_ratchet_restart("nobody") == 0)',
    }),
    metrics: fn({
      doc: 'Gives the numbers of `botster status --json`: the lag of the loop, queues, drops, counters.',
      params: [],
      returns: [named('metrics', t.any, 'Tables of numbers.')],
      errors: {},
      example: 'assert(type(hub.metrics()) == "table")',
    }),
  },
});
