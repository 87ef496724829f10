/** Which agents need somebody, with real programs in real sessions. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { LuaRecord } from '../../../base/values.js';
import { type AgentsHost, openAgentsHost } from '../../support/agents-host.js';
import { until } from '../../support/until.js';

/** An agent that does what it is told, line by line, in a shell without an echo. */
async function open() {
  const host = await openAgentsHost();
  const agent = await host.agents('create', { branch: 'x', cmd: 'sh', args: ['-c', 'stty -echo; exec sh'] });
  const id = String(agent['session_uuid']);
  const attention = async () => (await host.agents('find', id))['attention'] as LuaRecord | undefined;
  return {
    ...host,
    id,
    attention,
    type: (line: string) => host.core('return pty.get((...)):write(select(2, ...))', id, `${line}\r`),
    /** Waits until it needs somebody, with that text if one is given. */
    needs: (text?: string) =>
      until(async () => {
        const now = await attention();
        return now !== undefined && (text === undefined || now['text'] === text);
      }),
    fine: () => until(async () => (await attention()) === undefined),
  };
}

/** A fact as the session host would tell it. */
function fact({ hub }: AgentsHost, name: string, data: LuaRecord): void {
  hub.notify(name, data);
}

test('an agent that rings needs somebody; whoever connects later sees it', async () => {
  const { type, needs, id, core, agents, attention } = await open();
  await core(
    'heard = {} require("hub.hooks").on("agent_attention", function(data) heard[#heard + 1] = data.agent_id end)',
  );
  await type("printf '\\a'");
  await needs();
  expect(await attention()).toEqual({ at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) });
  expect(await core('return pty.get(...):info().meta.attention.at', id)).toEqual([
    ((await agents('find', id))['attention'] as LuaRecord)['at'],
  ]);
  expect(await until(async () => (await core('return heard[1]'))[0])).toBe(id);
});

test('a notification says why, as one line of bounded length', async () => {
  const { type, needs, core } = await open();
  await core('require("hub.attention").AGAIN_S = 0');
  await type("printf '\\033]777;notify;Claude;May I run\\t make?\\007'");
  await needs('Claude: May I run make?');
  await type("printf '\\a'");
  await type("printf '\\033]9;%s\\007' \"$(printf 'ä%.0s' $(seq 400))\"");
  await needs(`${'ä'.repeat(300)}...`);
});

test('it is over when somebody looks', async () => {
  const host = await open();
  await host.type("printf '\\a'");
  await host.needs();
  const [session] = await host.core('return pty.get(...):info()', host.id);
  fact(host, 'session_updated', { session: { ...(session as LuaRecord), attached: 1 } });
  await host.fine();
});

test('a shell whose long command ended needs somebody, until it gets its next', async () => {
  const { type, needs, fine, core, attention } = await open();
  await type("printf '\\033]133;C\\007\\033]133;D;0\\007'");
  await type("printf '\\033]9;sync\\007'");
  await needs('sync');
  await type("printf '\\033]133;C\\007'");
  await fine();
  await core('require("hub.attention").LONG_S = 0');
  await type("printf '\\033]133;D;2\\007'");
  await needs('The command failed with status 2.');
  await type("printf '\\033]133;C\\007'");
  await fine();
  expect(await attention()).toBeUndefined();
});

test('an agent that is at work again after a rest needs nobody', async () => {
  const host = await open();
  await host.type("printf '\\a'");
  await host.needs();
  const active = (activity: string, last_output_at: number) =>
    fact(host, 'pty_activity', { session_uuid: host.id, activity, last_output_at });
  active('busy', 1000);
  active('busy', 1010);
  active('idle', 1010);
  active('busy', 1020);
  active('idle', 1021);
  active('busy', 1030);
  active('busy', 1034);
  await host.core('timer.sleep(0)');
  await host.needs();
  active('busy', 1035);
  await host.fine();
});

test('sessions that are no agents, and agents that have ended, need nobody', async () => {
  const host = await open();
  const [other] = await host.core('return pty.spawn{ cmd = "cat" }.uuid');
  for (const session_uuid of [String(other), randomUUID()]) fact(host, 'pty_bell', { session_uuid });
  await host.type("printf '\\a'");
  await host.needs();
  await host.type('exit');
  await until(async () => (await host.agents('find', host.id))['state'] === 'exited');
  expect(await host.attention()).toBeUndefined();
  expect(await host.core('return pty.get(...):info().meta.attention', String(other))).toEqual([undefined]);
});
