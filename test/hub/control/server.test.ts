import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ControlEvent } from '../../../hub/control/control.def.js';
import { type ControlLimits, controlLimits } from '../../../hub/control/limits.js';
import { ControlServer } from '../../../hub/control/server.js';
import { MAX_SOCKET_PATH_BYTES } from '../../../hub/paths.js';
import { encodeMessage } from '../../../protocol/messages.js';
import { PROTOCOL_VERSION } from '../../../protocol/version.js';
import { HostAccess } from '../../../session-link/host-access.js';
import fc from '../../support/fast-check.js';
import { hostConfigIn } from '../../support/host-process.js';
import { SocketClient } from '../../support/socket-client.js';
import { tempDir } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const hello = { protocol_version: PROTOCOL_VERSION, client: 'hub', version: '0.1.0', pid: 7, hub_id: 'ab' };

async function open(limits: Partial<ControlLimits> = {}, path = join(tempDir(), 'hub.sock')) {
  const clock = new VirtualClock();
  const events: ControlEvent[] = [];
  /** What the hub does with events; `room` false: it takes none. */
  const hub = { room: true, waiting: false, drain: () => undefined as void };
  const server = new ControlServer({
    hello,
    limits: { ...controlLimits, ...limits },
    clock,
    host: new HostAccess(hostConfigIn(dirname(path)), clock),
    events: {
      emit: (event) => {
        if (hub.room) events.push(event);
        return hub.room;
      },
      drained: () =>
        new Promise((resolve) => {
          hub.waiting = true;
          hub.drain = () => {
            hub.room = true;
            resolve();
          };
        }),
    },
  });
  await server.listen({ path, first_client: 1 });
  onTestFinished(async () => {
    clock.advance(60_000);
    const closed = server.close();
    clock.advance(60_000);
    await closed;
  });
  const next = <T extends ControlEvent['type']>(type: T) =>
    until(() => {
      const index = events.findIndex((event) => event.type === type);
      return index < 0 ? undefined : (events.splice(index, 1)[0] as Extract<ControlEvent, { type: T }>);
    });
  return { server, path, clock, events, hub, next, greet: () => SocketClient.greet(path) };
}

const request = (id: number, params: unknown = {}, method = 'status') =>
  ({ type: 'request', id, method, params: params as never }) as const;

describe('the socket', () => {
  it('appears with mode 0600 and alone in its folder', async () => {
    const { path } = await open();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(path))).toEqual(['hub.sock']);
  });

  it('works at the longest path there may be', async () => {
    const dir = tempDir();
    const fill = 'x'.repeat(MAX_SOCKET_PATH_BYTES - Buffer.byteLength(`${dir}/.sock`));
    const { greet } = await open({}, join(dir, `${fill}.sock`));
    await greet();
  });

  it('is gone after close, unless it is another one by then', async () => {
    const first = await open();
    await first.server.close();
    expect(readdirSync(dirname(first.path))).toEqual([]);

    const second = await open();
    const dir = dirname(second.path);
    const other = createServer();
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => other.listen(join(dir, 'other'), resolve));
    renameSync(join(dir, 'other'), second.path);
    await second.server.close();
    expect(readdirSync(dir)).toEqual(['hub.sock']);
  });

  it('comes back when its file was removed; who is connected stays', async () => {
    const { path, clock, next, greet } = await open();
    const before = await greet();
    await next('control.client_connected');
    rmSync(path);
    await expect(greet()).rejects.toThrow('ENOENT');
    clock.advance(30_000);
    await until(() => existsSync(path));
    await greet();
    before.say(request(1));
    await next('control.request');
    expect(readdirSync(dirname(path))).toEqual(['hub.sock']);
  });

  it('says why it cannot be opened', async () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    await expect(open({}, join(file, 'hub.sock'))).rejects.toMatchObject({ code: 'control.listen_failed' });
  });
});

describe('a client', () => {
  it('is greeted, announced, answered and missed', async () => {
    const { path, server, next } = await open();
    const client = await SocketClient.connect(path);
    expect(await client.hear('hello')).toEqual({ type: 'hello', ...hello });
    client.say({ type: 'hello', protocol_version: PROTOCOL_VERSION, client: 'tui', version: '9.9' });
    const { client: number } = await next('control.client_connected');
    client.say(request(5, { a: 1 }, 'anything'));
    expect(await next('control.request')).toEqual({
      type: 'control.request',
      client: number,
      id: 5,
      method: 'anything',
      params: { a: 1 },
    });
    server.respond({ client: number, answer: { id: 5, ok: true, value: [1] } });
    expect(await client.hear('response')).toEqual({ type: 'response', id: 5, ok: true, value: [1] });
    client.socket.destroy();
    expect(await next('control.client_disconnected')).toMatchObject({ client: number });
  });

  it('may say everything at once', async () => {
    const { path, next } = await open();
    const client = await SocketClient.connect(path);
    const greeting = {
      type: 'hello',
      protocol_version: PROTOCOL_VERSION,
      client: 'x',
      version: '1',
    } as const;
    client.raw(
      Buffer.concat([encodeMessage(greeting), encodeMessage(request(1)), encodeMessage(request(2))]),
    );
    expect(await next('control.request')).toMatchObject({ id: 1 });
    expect(await next('control.request')).toMatchObject({ id: 2 });
  });

  it('that left is not answered, and disturbs nobody', async () => {
    const { server, next, greet } = await open();
    const [gone, other] = [await greet(), await greet()];
    gone.say(request(1));
    const { client } = await next('control.request');
    gone.socket.destroy();
    await next('control.client_disconnected');
    server.respond({ client, answer: { id: 1, ok: true, value: {} } });
    other.say(request(1));
    expect(await next('control.request')).toMatchObject({ id: 1 });
  });

  it('is told when the hub closes it', async () => {
    const { server, next, greet } = await open();
    const client = await greet();
    const { client: number } = await next('control.client_connected');
    server.closeClient({ client: number, code: 'x.y', message: 'Go.' });
    expect(await client.hear('error')).toEqual({ type: 'error', code: 'x.y', message: 'Go.' });
    await client.closed;
    server.closeClient({ client: number, code: 'x.y', message: 'Go.' });
  });

  it('has its answers before the hub is gone', async () => {
    const { server, next, greet } = await open();
    const client = await greet();
    client.say(request(1));
    const { client: number } = await next('control.request');
    server.respond({ client: number, answer: { id: 1, ok: true, value: 'x'.repeat(2_000_000) } });
    const closed = server.close();
    expect(await client.hear('response')).toMatchObject({ ok: true });
    await closed;
    await client.closed;
  });
});

describe('what ends a connection, with the reason', () => {
  const bad: [string, (client: SocketClient) => void, string][] = [
    ['an oversized frame', (c) => c.raw(Uint8Array.of(255, 255, 255, 255)), 'protocol.frame_too_large'],
    ['an empty frame', (c) => c.raw(Uint8Array.of(0, 0, 0, 0)), 'protocol.frame_empty'],
    ['an unknown frame type', (c) => c.raw(Uint8Array.of(0, 0, 0, 2, 9, 9)), 'protocol.frame_unknown_type'],
    ['no JSON', (c) => c.raw(Uint8Array.of(0, 0, 0, 2, 1, 0x7b)), 'protocol.message_invalid'],
    ['a request before hello', (c) => c.say(request(1)), 'protocol.hello_expected'],
    [
      'another protocol version',
      (c) => c.say({ type: 'hello', protocol_version: 99, client: 'cli', version: '9' }),
      'protocol.version_mismatch',
    ],
    ['a message of the hub', (c) => c.say({ type: 'event', name: 'x', data: 1 }), 'protocol.message_invalid'],
  ];
  it.each(bad)('%s', async (_name, misbehave, code) => {
    const { path, events, greet } = await open();
    const bystander = await greet();
    const client = await SocketClient.connect(path);
    misbehave(client);
    expect(await client.hear('error')).toMatchObject({ code });
    await client.closed;
    expect(bystander.socket.destroyed).toBe(false);
    expect(events.filter(({ type }) => type === 'control.request')).toEqual([]);
  });

  it('a second hello, or an id that is in use', async () => {
    const { greet } = await open();
    const [first, second] = [await greet(), await greet()];
    first.say({ type: 'hello', protocol_version: PROTOCOL_VERSION, client: 'x', version: '1' });
    expect(await first.hear('error')).toMatchObject({ code: 'protocol.message_invalid' });
    second.say(request(1));
    second.say(request(1));
    expect(await second.hear('error')).toMatchObject({ message: 'Request 1 is still open.' });
  });

  it('silence instead of hello, after 5 s', async () => {
    const { path, clock, greet, next } = await open();
    const [silent, polite] = [await SocketClient.connect(path), await greet()];
    await silent.hear('hello');
    await next('control.client_connected');
    clock.advance(4_999);
    polite.say(request(1));
    clock.advance(1);
    expect(await silent.hear('error')).toMatchObject({ code: 'protocol.hello_timeout' });
    await silent.closed;
    expect(polite.socket.destroyed).toBe(false);
  });

  it('any garbage, and the server stays', async () => {
    const { path, greet } = await open();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 5, maxLength: 300 }), async (bytes) => {
        const client = await SocketClient.connect(path);
        client.raw(bytes);
        client.socket.end();
        await client.closed;
      }),
      { numRuns: 50 },
    );
    await greet();
  });
});

describe('limits', () => {
  it('one client too many is refused and told', async () => {
    const { path, greet, next } = await open({ maxClients: 2 });
    const first = await greet();
    await greet();
    const third = await SocketClient.connect(path);
    expect(await third.hear('error')).toMatchObject({ code: 'control.too_many_clients' });
    await third.closed;
    first.socket.destroy();
    await next('control.client_disconnected');
    await greet();
  });

  it('one open request too many is refused; the client stays', async () => {
    const { server, greet, next } = await open({ maxInFlight: 2 });
    const client = await greet();
    for (const id of [1, 2, 3]) client.say(request(id));
    expect(await client.hear('response')).toMatchObject({
      id: 3,
      ok: false,
      error: { code: 'control.too_many_requests' },
    });
    const { client: number } = await next('control.request');
    server.respond({ client: number, answer: { id: 1, ok: true } });
    await client.hear('response');
    client.say(request(4));
    await until(() => next('control.request'));
  });

  it('an answer that is too large is answered with that', async () => {
    const { server, greet, next } = await open({ maxFrameBytes: 1_000 });
    const client = await greet();
    client.say(request(1));
    const { client: number } = await next('control.request');
    server.respond({ client: number, answer: { id: 1, ok: true, value: 'x'.repeat(2_000) } });
    expect(await client.hear('response')).toMatchObject({ error: { code: 'protocol.response_too_large' } });
  });

  it('a client that does not read is dropped, not buffered', async () => {
    const { server, greet, next } = await open({ maxQueuedBytes: 100_000, maxInFlight: 100 });
    const client = await greet();
    client.socket.pause();
    for (let id = 1; id <= 50; id++) client.say(request(id));
    for (let id = 1; id <= 50; id++) {
      const { client: number } = await next('control.request');
      server.respond({ client: number, answer: { id, ok: true, value: 'x'.repeat(50_000) } });
    }
    const { reason } = await next('control.client_disconnected');
    expect(reason).toContain('control.slow_client');
  });

  it('a client is not read while the hub takes no events, and nothing is lost', async () => {
    const { hub, greet, next, events } = await open({ maxInFlight: 1_000 });
    const client = await greet();
    await next('control.client_connected');
    hub.room = false;
    for (let id = 1; id <= 500; id++) client.say(request(id));
    client.socket.end();
    await until(() => hub.waiting);
    expect(events).toEqual([]);
    hub.drain();
    for (let id = 1; id <= 500; id++) expect(await next('control.request')).toMatchObject({ id });
    await next('control.client_disconnected');
  });
});
