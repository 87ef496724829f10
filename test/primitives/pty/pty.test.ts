/** `pty` on the hub's side, with its real worker and a session host that says what the test tells it to. */
import { expect, onTestFinished, test } from 'vitest';
import { hostConfigOf } from '../../../primitives/pty/host-config.js';
import { pty } from '../../../primitives/pty/pty.js';
import { FakeHub } from '../../support/fake-hub.js';
import { FakeSessionHost, sessionRecord } from '../../support/fake-session-host.js';
import { until } from '../../support/until.js';

test('a command that ends at once is known, and known to have ended, when the spawn returns', async () => {
  const hub = new FakeHub(pty);
  hub.handleAtOnce = false;
  await FakeSessionHost.open({
    config: hostConfigOf(hub.identity, 10),
    answer: ({ id, method, params }, client) => {
      if (method === 'host.watch') return { sessions: [] };
      if (method !== 'session.spawn') return undefined;
      const session = sessionRecord((params as { uuid: string }).uuid);
      const exited = { session_uuid: session.uuid, exit: { code: 0, at: 'x' } };
      // In one piece, as it comes when the machine is busy.
      client.socket.cork();
      client.say({ type: 'event', name: 'session.started', data: { session } as never });
      client.respond(id, { session });
      client.say({ type: 'event', name: 'session.exited', data: exited });
      client.socket.uncork();
      return undefined;
    },
  });
  const { functions } = hub.engine();
  let returned: unknown;
  const spawned = functions._spawn({ cmd: 'cat' }).then((uuid) => {
    returned = uuid;
    return uuid as string;
  });
  onTestFinished(() => void spawned);
  await until(() => hub.posted.find(({ type }) => type === 'pty.answered'));
  await new Promise((turned) => setImmediate(turned));
  // The loop has not come to the host's list yet, and would lose the session that it does not have.
  expect(returned).toBeUndefined();
  hub.handlePosted();
  expect(functions._info(await spawned)).toMatchObject({ state: 'exited', exit: { code: 0 } });
});

test('a worker that dies leaves nobody waiting for what it told', async () => {
  const hub = new FakeHub(pty);
  hub.handleAtOnce = false;
  await FakeSessionHost.open({
    config: hostConfigOf(hub.identity, 10),
    answer: ({ method, params }) =>
      method === 'host.watch'
        ? { sessions: [] }
        : { session: sessionRecord((params as { uuid: string }).uuid) },
  });
  const { functions } = hub.engine();
  const spawned = functions._spawn({ cmd: 'cat' });
  await until(() => hub.posted.find(({ type }) => type === 'pty.answered'));
  hub.posted.length = 0;
  hub.notify('worker.failed', { worker: 'pty', reason: 'test', restarts: 0 });
  expect(functions._info((await spawned) as string)).toMatchObject({ state: 'running' });
});
