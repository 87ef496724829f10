/**
 * `botster session list`: the sessions of this repository's hub.
 */
import { HubError } from '../../../base/errors.js';
import type { HubIdentity } from '../../../primitives/context.js';
import type { SessionRecord } from '../../../protocol/session.js';
import { defineCommand, jsonOption } from '../command.js';
import { withSessions } from './sessions.js';

export const sessionListCommand = defineCommand({
  name: 'session list',
  summary: 'list sessions',
  description: 'With --json an array of the records as they are. Prints [] or nothing if there are none.',
  args: {},
  options: {
    all: { type: 'flag', short: 'a', doc: 'ended ones too, as long as their history is kept' },
    json: jsonOption,
  },
  examples: [
    { line: 'botster session list', doc: 'what runs' },
    { line: "botster session list --json | jq -r '.[].uuid'", doc: 'for scripts' },
  ],
  async run({ options, terminal, identity }) {
    const sessions = await listSessions(await identity(), options.all);
    if (options.json) {
      terminal.out(`${JSON.stringify(sessions, undefined, 2)}\n`);
    } else if (sessions.length === 0) {
      terminal.err('No session runs. Start one with "botster agent new".\n');
    } else {
      const { sessionTable } = await import('./session-table.js');
      terminal.out(sessionTable(sessions, { nowMs: Date.now(), terminal }));
    }
    return 0;
  },
});

async function listSessions(identity: HubIdentity, all: boolean): Promise<readonly SessionRecord[]> {
  try {
    const { sessions } = await withSessions(identity, ({ client }) =>
      client.request('session.list', all ? { ended: true } : {}),
    );
    return all ? sessions : sessions.filter(({ state }) => state === 'running');
  } catch (thrown) {
    if (thrown instanceof HubError && thrown.code === 'session.none') return [];
    throw thrown;
  }
}
