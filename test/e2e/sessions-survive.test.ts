/** Sessions go on, whatever happens to the hub, and the next one has them as they are. */
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hubIdOf } from '../../hub/identity.js';
import type { SessionRecord } from '../../protocol/session.js';
import type { StatusReport } from '../../protocol/status.js';
import { PROTOCOL_VERSION } from '../../protocol/version.js';
import { endHost, hostPid } from '../support/end-host.js';
import { HostConnection } from '../support/host-process.js';
import { isAlive, makePlace, type Place, type RunningHub, startHub } from '../support/hub-process.js';
import { until } from '../support/until.js';

const stateDir = (place: Place) => join(place.dataDir, 'hubs', hubIdOf(place.repo));

async function evaluate(place: Place, code: string): Promise<unknown[]> {
  const { stdout, stderr, code: status } = await place.run('eval', code);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as unknown[];
}

/** A client of the hub that speaks with the sessions. */
async function connect({ info }: RunningHub): Promise<HostConnection> {
  const socket = createConnection(info.socket);
  const connection = new HostConnection(socket, {
    protocol_version: PROTOCOL_VERSION,
    client: 'test',
    version: '0.1.0',
  });
  await connection.client.greeted;
  return connection;
}

async function kill(hub: RunningHub): Promise<void> {
  hub.process.child.kill('SIGKILL');
  await hub.process.done;
}

const statusOf = async (place: Place) =>
  JSON.parse((await place.run('status', '--json')).stdout) as StatusReport;

test('a program that prints goes on through five kills of the hub: no line, no byte is missing', async () => {
  const place = await makePlace();
  let hub = await startHub(place);
  const counting = 'let n = 0; setInterval(() => console.log("line " + ++n), 2)';
  const [uuid, pid] = await evaluate(
    place,
    `local session = assert(pty.spawn{ cmd = "${process.execPath}", args = { "-e", [[${counting}]] }, name = "counter" })
     return session.uuid, session:info().pid`,
  );
  const output: Uint8Array[] = [];
  let offset = 0;
  for (let round = 1; round <= 5; round++) {
    const connection = await connect(hub);
    const attach = await connection.attach(uuid as string, { offset });
    expect(attach.session).toMatchObject({ uuid, pid, state: 'running', name: 'counter' });
    // From round 2 on, some of it was printed while there was no hub.
    await connection.waits.until(() => attach.received > round * 1_000);
    await kill(hub);
    await connection.closed;
    expect([attach.fault, attach.snapshots]).toEqual([undefined, []]);
    expect(isAlive(pid as number)).toBe(true);
    output.push(...attach.bytes);
    offset = attach.offset as number;
    hub = await startHub(place);
    const [records] = (await evaluate(place, 'return pty.list()')) as [SessionRecord[]];
    expect(records).toMatchObject([{ uuid, pid, state: 'running' }]);
    expect((records[0] as SessionRecord).offset).toBeGreaterThanOrEqual(offset);
  }
  const text = Buffer.concat(output).toString();
  expect(text.length).toBe(offset);
  const lines = text.split('\r\n').slice(0, -1);
  expect(lines).toEqual(lines.map((_, index) => `line ${index + 1}`));
  const connection = await connect(hub);
  const { data_base64 } = await connection.request('session.history', {
    id: uuid as string,
    since: 0,
    max_bytes: 10_000,
  });
  expect(text.startsWith(Buffer.from(data_base64, 'base64').toString('utf8'))).toBe(true);
}, 120_000);

test('the same shell, the same screen', async () => {
  const place = await makePlace();
  let hub = await startHub(place);
  await evaluate(
    place,
    `session = assert(pty.spawn{ cmd = "sh", env = { PS1 = "$ " }, rows = 12, cols = 50, uuid = "11111111-1111-4111-8111-111111111111" })
     return session:write("secret=kept; printf '\\\\033[1;31mred\\\\033[0m and \\\\302\\\\265\\\\n'\\r")`,
  );
  const id = '11111111-1111-4111-8111-111111111111';
  const before = await connect(hub);
  await until(async () => (await before.request('session.screen', { id })).text.includes('red and µ'));
  const plain = await before.request('session.screen', { id });
  const ansi = await before.request('session.screen', { id, ansi: true });
  await kill(hub);
  hub = await startHub(place);
  const after = await connect(hub);
  expect(await after.request('session.screen', { id })).toEqual(plain);
  expect(await after.request('session.screen', { id, ansi: true })).toEqual(ansi);
  expect(await evaluate(place, `return pty.get("1111"):write("echo $secret\\r")`)).toEqual([true]);
  await until(async () => (await after.request('session.screen', { id })).text.includes('\nkept'));
});

test('an orderly stop leaves sessions alone too; status has them', async () => {
  const place = await makePlace();
  await startHub(place);
  const [uuid] = await evaluate(place, 'return assert(pty.spawn{ cmd = "cat", name = "quiet one" }).uuid');
  const pid = hostPid(stateDir(place));
  expect(await statusOf(place)).toMatchObject({
    sessions: [{ uuid, state: 'running', label: 'quiet one' }],
    session_host: { pid, connected: true, sessions: 1 },
  });
  expect((await place.run('stop')).code).toBe(0);
  expect(isAlive(pid)).toBe(true);
  await startHub(place);
  expect(await statusOf(place)).toMatchObject({
    sessions: [{ uuid, state: 'running', label: 'quiet one' }],
    session_host: { pid, connected: true, sessions: 1 },
  });
  const { stdout } = await place.run('status');
  expect(stdout).toContain(`host      pid ${pid}, botster`);
  expect(stdout).toContain('quiet one');
});

test('what ended under an earlier host is still there to read', async () => {
  const place = await makePlace();
  let hub = await startHub(place);
  const [uuid] = await evaluate(
    place,
    `local session = assert(pty.spawn{ cmd = "echo", args = { "last words" } })
     while session:is_alive() do timer.sleep(0.01) end
     return session.uuid`,
  );
  expect((await place.run('stop')).code).toBe(0);
  await endHost(stateDir(place));
  hub = await startHub(place);
  const connection = await connect(hub);
  // None runs, so none is started for this.
  expect(await connection.request('session.list', {})).toEqual({ sessions: [] });
  const { sessions } = await connection.request('session.list', { ended: true });
  expect(sessions).toMatchObject([{ uuid, state: 'exited', exit: { code: 0 } }]);
  const { data_base64 } = await connection.request('session.history', { id: uuid as string });
  expect(Buffer.from(data_base64, 'base64').toString()).toBe('last words\r\n');
});
