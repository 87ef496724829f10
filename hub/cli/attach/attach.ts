/**
 * `botster attach [ID]`: a session in this terminal.
 */
import { fail, HubError } from '../../../base/errors.js';
import type { HubIdentity } from '../../../primitives/context.js';
import type { SessionRecord } from '../../../protocol/session.js';
import { defineCommand } from '../command.js';
import { sessionArgument } from '../session/session-argument.js';

/**
 * The same control key twice: quick to type, on one hand, and asked of no program. Ctrl-\ alone is what dtach and abduco
 * took; once, it still reaches the program (a second later, or with the next key).
 */
const DETACH_KEYS = 'ctrl-\\,ctrl-\\';

export const attachCommand = defineCommand({
  name: 'attach',
  summary: 'open a session in this terminal',
  description:
    'Shows the session as it is and goes on from there; all keys go to it. Ctrl-\\ twice detaches: the session goes ' +
    'on, and this command exits with 0. When the session ends it exits with the status of the session, as shells ' +
    'count: 128 and the number for a signal. When the hub dies the session does not: keys are not sent until the ' +
    'hub is back ("botster start --detach"), then it goes on. Without ID it takes the only running session.',
  args: { id: { ...sessionArgument, optional: true } },
  options: {
    'detach-keys': {
      type: 'text',
      shown: 'KEYS',
      doc: 'other keys to detach with, such as ctrl-p,ctrl-q or ctrl-],d',
      default: DETACH_KEYS,
    },
    'view-only': { type: 'flag', doc: 'look on: no key and no size reaches the session' },
  },
  examples: [
    { line: 'botster attach', doc: 'the only session there is' },
    { line: 'botster attach web', doc: 'by name, or by the first characters of the uuid' },
    { line: 'botster attach web --view-only', doc: 'look over its shoulder' },
  ],
  async run({ args, options, terminal, identity, env }) {
    const { requireTerminal } = await import('./raw-terminal.js');
    const { parseKeys } = await import('../keys.js');
    const detachKeys = parseKeys(options['detach-keys']);
    if (detachKeys instanceof HubError) throw detachKeys;
    requireTerminal();
    const hub = await identity();
    const own = env['BOTSTER_SESSION_UUID'];
    const session = await findSession(hub, args.id, own);
    if (session.uuid === own) {
      throw fail(
        'cli.attach_nested',
        'This terminal is that session: attaching would show it inside itself.',
      );
    }
    if (session.state === 'exited') {
      const { exitText } = await import('../session/session-exit.js');
      const { shownName } = await import('../session/session-table.js');
      const id = session.uuid.slice(0, 8);
      throw fail(
        'session.ended',
        `The session ${shownName(session)} ${exitText(session.exit)}. What it showed: "botster session screen ${id}", ` +
          `"botster session log ${id}".`,
      );
    }
    const { runAttach } = await import('./run-attach.js');
    return await runAttach({ identity: hub, session, detachKeys, viewOnly: options['view-only'], terminal });
  },
});

/** The one that is meant. Errors: session.none, cli.which_session, those of session.get. */
async function findSession(
  hub: HubIdentity,
  id: string | undefined,
  own: string | undefined,
): Promise<SessionRecord> {
  const { noSession, withSessions } = await import('../session/sessions.js');
  return await withSessions(hub, async ({ client }) => {
    if (id !== undefined) return (await client.request('session.get', { id })).session;
    const { sessions } = await client.request('session.list', {});
    const running = sessions.filter(({ state, uuid }) => state === 'running' && uuid !== own);
    const [only, ...others] = running;
    if (only === undefined) throw noSession();
    if (others.length === 0) return only;
    const { shownName } = await import('../session/session-table.js');
    const list = running.map(
      (session) => `  botster attach ${session.uuid.slice(0, 8)}   ${shownName(session)}`,
    );
    throw fail('cli.which_session', `${running.length} sessions run; say which:\n${list.join('\n')}`);
  });
}
