/** The hub's connection to a session host that does what it should, and what it should not. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RealClock } from '../../../base/real-clock.js';
import { HostLink } from '../../../primitives/pty/host-link.js';
import type { HostConfig } from '../../../protocol/host-config.js';
import { processMark } from '../../../system/process-identity.js';
import {
  type FakeAnswer,
  type FakeHostOptions,
  FakeSessionHost,
  sessionRecord,
} from '../../support/fake-session-host.js';
import { hostConfigIn } from '../../support/host-process.js';
import { tempDir } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const watched: FakeAnswer = ({ method }) => {
  if (method === 'host.watch') return { sessions: [sessionRecord('a')] };
  return method === 'session.get' ? { session: sessionRecord('a') } : undefined;
};

function openLink(config: HostConfig, clock = new RealClock()) {
  /** What the receiver heard, in words. */
  const heard: string[] = [];
  const link = new HostLink({
    config,
    clock,
    receiver: {
      adopted: ({ version }, sessions) =>
        void heard.push(`adopted ${version} ${sessions.map(({ uuid }) => uuid).join()}`),
      fact: ({ name }) => void heard.push(name),
      disconnected: () => void heard.push('disconnected'),
      gone: (pid) => void heard.push(`gone ${pid === process.pid ? 'self' : 'child'}`),
      unusable: ({ code }) => void heard.push(`unusable ${code}`),
    },
  });
  onTestFinished(() => link.close());
  return { link, heard };
}

async function open(options: Partial<FakeHostOptions> = {}) {
  const config = hostConfigIn(tempDir());
  const host = await FakeSessionHost.open({ config, answer: watched, ...options });
  return { config, host, ...openLink(config) };
}

/** A process that can be a host's, until the test kills it. */
async function victim() {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return { pid: child.pid as number, kill: () => once(child, 'exit', void child.kill('SIGKILL')) };
}

test('it greets with the token and watches', async () => {
  const { host, link, heard } = await open();
  await link.adopt();
  const client = await host.client(1);
  expect(client.hello).toMatchObject({ client: 'hub', token: 'secret', hub_id: 'test' });
  expect(heard).toEqual(['adopted 1.2.3 a']);
  expect(await link.request('session.get', { id: 'a' })).toMatchObject({ session: { uuid: 'a' } });
});

test('facts come after the list that they follow, in one piece or not', async () => {
  const { host, link, heard } = await open({
    answer: ({ id, method }, client) => {
      if (method !== 'host.watch') return undefined;
      client.socket.cork();
      client.respond(id, { sessions: [] });
      client.say({ type: 'event', name: 'session.bell', data: {} });
      client.say({ type: 'event', name: 'session.title', data: {} });
      client.socket.uncork();
      return undefined;
    },
  });
  await link.adopt();
  (await host.client(1)).say({ type: 'event', name: 'session.cwd', data: {} });
  await until(() => heard.length === 4);
  expect(heard).toEqual(['adopted 1.2.3 ', 'session.bell', 'session.title', 'session.cwd']);
});

test('where no host runs, none is started for a question', async () => {
  const { link, heard } = openLink(hostConfigIn(tempDir()));
  await link.adopt();
  await expect(link.request('session.get', { id: 'a' })).rejects.toMatchObject({ code: 'host.not_running' });
  expect(heard).toEqual([]);
});

test('a broken connection comes back, and is no end of anything', async () => {
  const { host, link, heard } = await open();
  await link.adopt();
  host.clients[0]?.socket.destroy();
  await until(() => heard.length === 3);
  expect(heard).toEqual(['adopted 1.2.3 a', 'disconnected', 'adopted 1.2.3 a']);
  await link.request('session.get', { id: 'a' });
});

test('a host that is killed while its token is read is tried again, and nothing hangs', async () => {
  const config = hostConfigIn(tempDir());
  mkdirSync(config.state_dir, { recursive: true, mode: 0o700 });
  // Whoever reads it waits until somebody writes.
  const token = join(config.state_dir, 'host.token');
  execFileSync('mkfifo', [token]);
  // It listens and never accepts: the kernel resets the connection when it dies.
  const deaf = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(process.argv[1], () => {
      require('fs').writeSync(1, 'listens');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    })`,
    config.socket_path,
  ]);
  onTestFinished(() => void deaf.kill('SIGKILL'));
  await once(deaf.stdout, 'data');
  const { link, heard } = openLink(config);
  const adopted = link.adopt();
  const pipe = await openFile(token, 'w');
  await once(deaf, 'exit', void deaf.kill('SIGKILL'));
  await new Promise((turned) => setImmediate(turned));
  rmSync(token);
  rmSync(config.socket_path);
  await FakeSessionHost.open({ config, answer: watched });
  await pipe.writeFile('secret\n');
  await pipe.close();
  await adopted;
  expect(await link.request('session.get', { id: 'a' })).toMatchObject({ session: { uuid: 'a' } });
  expect(heard).toEqual(['adopted 1.2.3 a']);
});

test('a request waits for a connection that broke', async () => {
  const { host, link } = await open();
  await link.adopt();
  host.clients[0]?.socket.destroy();
  await until(() => !link.connected);
  expect(await link.request('session.get', { id: 'a' })).toMatchObject({ session: { uuid: 'a' } });
});

test('an answer that the connection took with it is lost', async () => {
  const { host, link } = await open();
  await link.adopt();
  const asked = link.request('session.screen', { id: 'a' });
  const client = await host.client(1);
  await until(() => client.requests.length === 2);
  client.socket.destroy();
  await expect(asked).rejects.toMatchObject({ code: 'host.lost' });
});

test('only when the process is gone are sessions gone, and that is told before anything of the next host', async () => {
  const { pid, kill } = await victim();
  const { host, link, heard, config } = await open({ hello: { pid } });
  await link.adopt();
  await kill();
  await host.close();
  rmSync(config.socket_path, { force: true });
  await until(() => heard.length === 3);
  expect(heard).toEqual(['adopted 1.2.3 a', 'disconnected', 'gone child']);
  await expect(link.request('session.get', { id: 'a' })).rejects.toMatchObject({ code: 'host.not_running' });

  await FakeSessionHost.open({ config, answer: watched, hello: { version: '2.0.0' } });
  await link.request('session.get', { id: 'a' });
  expect(heard.slice(3)).toEqual(['adopted 2.0.0 a']);
});

test('a host of another version is not used, and goes on', async () => {
  const { host, link, heard } = await open({ hello: { protocol_version: 99, version: '9.9.9' } });
  await link.adopt();
  expect(heard).toEqual(['unusable host.version_mismatch']);
  await expect(link.request('session.get', { id: 'a' }, true)).rejects.toMatchObject({
    code: 'host.version_mismatch',
    message: expect.stringContaining('9.9.9'),
  });
  await until(() => host.clients.every(({ closed }) => closed));
});

test('a host that refuses the token says why', async () => {
  const { link, heard } = await open({
    answer: (_request, client) => client.say({ type: 'error', code: 'host.not_authorized', message: 'no' }),
  });
  await expect(link.request('session.get', { id: 'a' })).rejects.toMatchObject({
    code: 'host.not_authorized',
  });
  expect(heard).toEqual(['unusable host.not_authorized']);
});

test('a host that does not greet is unreachable', async () => {
  const config = hostConfigIn(tempDir());
  const host = await FakeSessionHost.open({ config, greets: false });
  const clock = new VirtualClock();
  const { link, heard } = openLink(config, clock as never);
  const asked = link.request('session.get', { id: 'a' });
  const refused = expect(asked).rejects.toMatchObject({ code: 'host.unreachable' });
  await host.client(1);
  await clock.advanceAsync(5_000);
  await refused;
  expect(heard).toEqual([]);
});

test('a host whose socket file was removed is told to look', async () => {
  const config = hostConfigIn(tempDir());
  const program = `
    process.on('SIGUSR2', () => console.log('told'));
    console.log('up');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const pid = child.pid as number;
  const record = { pid, mark: await processMark(pid), version: '1', protocol: 1 };
  writeFileSync(join(config.state_dir, 'host.pid'), JSON.stringify(record));
  const { link, heard } = openLink(config);
  const adopted = link.adopt();
  expect(String(await once(child.stdout, 'data'))).toBe('told\n');
  await FakeSessionHost.open({ config, answer: watched, hello: { pid } });
  await adopted;
  expect(heard).toEqual(['adopted 1.2.3 a']);
});

test('more than a host takes at a time waits its turn', async () => {
  const { host, link } = await open({
    answer: ({ method }) => (method === 'host.watch' ? { sessions: [] } : undefined),
  });
  await link.adopt();
  const asked = Array.from({ length: 100 }, () => link.request('session.get', { id: 'a' }));
  const client = await host.client(1);
  await until(() => client.requests.length === 57);
  for (let at = 1; at <= 100; at++) {
    const request = await until(() => client.requests[at]);
    client.respond(request.id, { session: sessionRecord('a') });
  }
  expect(await Promise.all(asked)).toHaveLength(100);
});

test('while it is paused nothing is read', async () => {
  const { host, link, heard } = await open();
  await link.adopt();
  link.pause();
  const client = await host.client(1);
  const chunk = Buffer.alloc(1024, 'x').toString();
  let full = false;
  for (let n = 0; n < 2_000 && !full; n++) {
    client.say({ type: 'event', name: 'session.title', data: { chunk } });
    full = client.socket.writableLength > 256 * 1024;
  }
  expect(full).toBe(true);
  expect(heard).toEqual(['adopted 1.2.3 a']);
  link.resume();
  await until(() => client.socket.writableLength === 0);
});
