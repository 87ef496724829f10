/**
 * The Lua global `hub`: who this hub is, how it is doing, and its end. Sessions and signaling are added by their owners.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, fn } from '../define.js';

export const hubDef = definePrimitive({
  name: 'hub',
  doc: 'Tells who this hub is and how it is doing.',
  functions: {
    hub_id: fn({
      doc: 'Names this hub on this machine. It depends on the path of the repository only.',
      params: [],
      returns: [named('id', t.str, 'Hexadecimal; the same as in `hub_discovery.list()`.')],
      errors: {},
      example: 'assert(#hub.hub_id() == 16)',
    }),
    server_id: fn({
      doc: 'Names this hub at the signaling server it is registered with.',
      params: [],
      returns: [named('id', t.opt(t.str), '`nil` until it is registered.')],
      errors: {},
      example: 'log.info(hub.server_id() or "not registered")',
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
    metrics: fn({
      doc: 'Gives the numbers of `botster status --json`: the lag of the loop, queues, drops, counters.',
      params: [],
      returns: [named('metrics', t.any, 'Tables of numbers.')],
      errors: {},
      example: 'assert(type(hub.metrics()) == "table")',
    }),
  },
});
