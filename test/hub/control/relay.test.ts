/** What a client and the session host say to each other through the hub's socket. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RealClock } from '../../../base/real-clock.js';
import type { ControlEvent } from '../../../hub/control/control.def.js';
import { controlLimits } from '../../../hub/control/limits.js';
import { ControlServer } from '../../../hub/control/server.js';
import { encodeFrame, type Frame, frameTypes } from '../../../protocol/frames.js';
import { encodeMessage } from '../../../protocol/messages.js';
import { encodeTerminalFrame, type TerminalFrame } from '../../../protocol/terminal-frames.js';
import { PROTOCOL_VERSION } from '../../../protocol/version.js';
import { HostAccess } from '../../../session-link/host-access.js';
import { BUFFERED_BYTES, MAX_RELAYED_BYTES } from '../../../session-link/host-relay.js';
import { type FakeHostOptions, FakeSessionHost, sessionRecord } from '../../support/fake-session-host.js';
import { hostConfigIn } from '../../support/host-process.js';
import { SocketClient } from '../../support/socket-client.js';
import { tempDir } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';

const hello = { protocol_version: PROTOCOL_VERSION, client: 'hub', version: '0.1.0', pid: 7, hub_id: 'ab' };

async function openHub() {
  const dir = tempDir();
  const clock = new RealClock();
  const config = hostConfigIn(dir);
  const events: ControlEvent[] = [];
  const server = new ControlServer({
    hello,
    limits: { ...controlLimits, lingerMs: 50 },
    clock,
    host: new HostAccess(config, clock),
    events: {
      emit: (event) => events.push(event) > 0,
      drained: () => Promise.resolve(),
    },
  });
  const path = join(dir, 'hub.sock');
  await server.listen({ path, first_client: 1 });
  onTestFinished(() => server.close());
  return { config, path, server, events, greet: () => SocketClient.greet(path) };
}

async function open(options: Partial<FakeHostOptions> = {}) {
  const hub = await openHub();
  const host = await FakeSessionHost.open({ config: hub.config, ...options });
  return { ...hub, host };
}

const ask = (id: number, method: string, params: object = {}) =>
  ({ type: 'request', id, method, params: params as never }) as const;
/** Type byte and payload. */
const hex = (frames: readonly Frame[]) =>
  frames.map(({ type, payload }) => Buffer.concat([Uint8Array.of(type), payload]).toString('hex'));
const terminal = (frame: TerminalFrame) => Buffer.from(encodeTerminalFrame(frame));

describe('requests', () => {
  it('about sessions go to the host as they are and come back as they are; others go to the hub', async () => {
    const { host, events, greet } = await open({
      // Fields that this build does not know, and an order of its own.
      answer: ({ id }, client) =>
        client.say({ type: 'response', id, ok: true, value: { z: [1, 'ü'], a: { b: null } } }),
    });
    const client = await greet();
    client.say(ask(3, 'session.get', { id: 'x', more: true }));
    expect(await client.hear('response')).toEqual({
      type: 'response',
      id: 3,
      ok: true,
      value: { z: [1, 'ü'], a: { b: null } },
    });
    client.say(ask(4, 'status'));
    client.say(ask(5, 'session.spawn'));
    client.say(ask(6, 'host.stop'));
    await until(() => events.length === 4);
    expect(events.map((event) => ('method' in event ? event.method : event.type))).toEqual([
      'control.client_connected',
      'status',
      'session.spawn',
      'host.stop',
    ]);
    const behind = await host.client(1);
    expect(behind.requests).toEqual([ask(3, 'session.get', { id: 'x', more: true })]);
    expect(behind.hello).toMatchObject({ token: 'secret' });
    expect(host.clients).toHaveLength(1);
  });

  it('that come before the host has greeted keep their order', async () => {
    const { host, path } = await open();
    const client = await SocketClient.connect(path);
    const greeting = {
      type: 'hello',
      protocol_version: PROTOCOL_VERSION,
      client: 'x',
      version: '1',
    } as const;
    const requests = Array.from({ length: 20 }, (_, n) =>
      encodeMessage(ask(n, 'session.get', { id: String(n) })),
    );
    client.raw(Buffer.concat([encodeMessage(greeting), ...requests]));
    const behind = await host.client(1);
    await until(() => behind.requests.length === 20);
    expect(behind.requests.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('are counted together with those to the hub', async () => {
    const { host, greet } = await open();
    const client = await greet();
    for (let id = 0; id <= controlLimits.maxInFlight; id++)
      client.say(ask(id, id % 2 === 0 ? 'session.get' : 'status'));
    expect(await client.hear('response')).toMatchObject({
      id: controlLimits.maxInFlight,
      error: { code: 'control.too_many_requests' },
    });
    const behind = await host.client(1);
    await until(() => behind.requests.length === controlLimits.maxInFlight / 2);
    behind.respond(0, {});
    await client.hear('response');
    client.say(ask(100, 'session.get'));
    await until(() => behind.requests.length === controlLimits.maxInFlight / 2 + 1);
  });

  it('an answer to nothing is not passed on', async () => {
    const { host, greet } = await open();
    const client = await greet();
    client.say(ask(1, 'session.get'));
    const behind = await host.client(1);
    await until(() => behind.requests.length === 1);
    behind.respond(7, {});
    behind.respond(1, {});
    behind.respond(1, {});
    behind.say({ type: 'event', name: 'last', data: {} });
    await client.hear('event');
    expect(client.heard).toEqual([{ type: 'response', id: 1, ok: true, value: {} }]);
  });

  it('larger than the host takes are refused here', async () => {
    const { greet, host } = await open({ answer: () => ({}) });
    const client = await greet();
    client.say(ask(1, 'session.send', { id: 'x', data_base64: 'A'.repeat(MAX_RELAYED_BYTES) }));
    expect(await client.hear('response')).toMatchObject({
      id: 1,
      error: { code: 'protocol.frame_too_large' },
    });
    client.say(ask(1, 'session.get'));
    expect(await client.hear('response')).toMatchObject({ id: 1, ok: true });
    expect((await host.client(1)).requests).toHaveLength(1);
  });
});

describe('terminal frames', () => {
  it('pass both ways, byte for byte', async () => {
    const { host, greet } = await open({ answer: () => ({ session: sessionRecord('a') }) });
    const client = await greet();
    client.say(ask(1, 'session.attach', { id: 'a', attach: 9, credit: 10 }));
    await client.hear('response');
    const behind = await host.client(1);
    const sent = [
      terminal({ type: 'output', attach: 9, offset: 2 ** 40, bytes: Uint8Array.of(0, 255, 10) }),
      terminal({
        type: 'snapshot',
        attach: 9,
        offset: 5,
        rows: 24,
        cols: 80,
        bytes: new Uint8Array(300_000).fill(7),
      }),
      Buffer.from(encodeMessage({ type: 'event', name: 'attach.resized', data: { attach: 9 } })),
    ];
    behind.raw(Buffer.concat(sent));
    expect(await client.hear('event')).toEqual({
      type: 'event',
      name: 'attach.resized',
      data: { attach: 9 },
    });
    expect(hex(client.terminal)).toEqual(sent.slice(0, 2).map((frame) => frame.subarray(4).toString('hex')));

    const typed = [
      terminal({ type: 'input', attach: 9, bytes: Buffer.from('x\r\0') }),
      terminal({ type: 'credit', attach: 9, bytes_count: 4096 }),
    ];
    client.raw(Buffer.concat(typed));
    await until(() => behind.frames.length === 4);
    expect(hex(behind.frames.slice(2))).toEqual(typed.map((frame) => frame.subarray(4).toString('hex')));
  });

  it('before hello, or of the wrong direction, end the client', async () => {
    const { host, path, greet } = await open();
    const rude = await SocketClient.connect(path);
    rude.raw(terminal({ type: 'input', attach: 1, bytes: Buffer.from('x') }));
    expect(await rude.hear('error')).toMatchObject({ code: 'protocol.hello_expected' });
    const wrong = await greet();
    wrong.raw(terminal({ type: 'output', attach: 1, offset: 0, bytes: Buffer.from('x') }));
    expect(await wrong.hear('error')).toMatchObject({ code: 'protocol.frame_unknown_type' });
    const large = await greet();
    large.say(ask(1, 'session.get'));
    await host.client(1);
    large.raw(encodeFrame(frameTypes.input, new Uint8Array(MAX_RELAYED_BYTES)));
    expect(await large.hear('error')).toMatchObject({ code: 'protocol.frame_too_large' });
    await until(() => host.clients.every(({ closed }) => closed));
  });

  it('without an attach are for nobody', async () => {
    const { host, greet, events } = await open();
    const client = await greet();
    client.raw(terminal({ type: 'input', attach: 1, bytes: Buffer.from('x') }));
    client.say(ask(1, 'status'));
    await until(() => events.length === 2);
    expect(host.clients).toEqual([]);
  });
});

describe('the way', () => {
  it('slows the host down to the client that does not read, and no other', async () => {
    const { host, greet } = await open();
    const [slow, other] = [await greet(), await greet()];
    slow.say(ask(1, 'session.get'));
    const behindSlow = await host.client(1);
    other.say(ask(1, 'session.get'));
    const behindOther = await host.client(2);
    slow.socket.pause();
    const frame = terminal({ type: 'output', attach: 1, offset: 0, bytes: new Uint8Array(32 * 1024) });
    let sent = 0;
    // Until nothing drains any more: all that is between the two is full.
    for (let still = 0; still < 50; ) {
      if (behindSlow.socket.writableLength === 0) {
        behindSlow.raw(frame);
        sent += frame.length;
        still = 0;
      } else still++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(BUFFERED_BYTES + 4 * 1024 * 1024);
    behindOther.respond(1, { session: sessionRecord('a') });
    await other.hear('response');
    const before = slow.receivedBytes;
    slow.socket.resume();
    await until(() => slow.terminal.length * frame.length === sent);
    expect(before).toBeLessThan(sent);
  });

  it('slows the client down to a host that does not read', async () => {
    const { host, greet } = await open();
    const client = await greet();
    client.say(ask(1, 'session.get'));
    const behind = await host.client(1);
    await until(() => behind.requests.length === 1);
    behind.socket.pause();
    const frame = terminal({ type: 'input', attach: 1, bytes: new Uint8Array(32 * 1024) });
    let sent = 0;
    for (let still = 0; still < 50; ) {
      if (client.socket.writableLength === 0) {
        client.raw(frame);
        sent++;
        still = 0;
      } else still++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent * frame.length).toBeLessThan(BUFFERED_BYTES + 4 * 1024 * 1024);
    behind.socket.resume();
    await until(() => behind.frames.length === sent + 2);
  });

  it('ends with the client, what it sent last included', async () => {
    const { host, greet } = await open();
    const client = await greet();
    client.say(ask(1, 'session.get'));
    const behind = await host.client(1);
    await until(() => behind.requests.length === 1);
    client.raw(terminal({ type: 'input', attach: 1, bytes: Buffer.from('bye') }));
    client.socket.end();
    await until(() => behind.closed);
    expect(
      Buffer.from(behind.frames.at(-1)?.payload ?? [])
        .subarray(4)
        .toString(),
    ).toBe('bye');
  });

  it('ends with the hub', async () => {
    const { host, greet, server } = await open();
    const client = await greet();
    client.say(ask(1, 'session.get'));
    const behind = await host.client(1);
    await server.close();
    await until(() => behind.closed);
    await client.closed;
  });

  it('is opened again after the host was lost', async () => {
    const { host, greet } = await open({
      answer: ({ method }) => (method === 'session.list' ? { sessions: [] } : undefined),
    });
    const client = await greet();
    client.say(ask(1, 'session.get'));
    client.say(ask(2, 'session.screen'));
    const behind = await host.client(1);
    await until(() => behind.requests.length === 2);
    behind.socket.destroy();
    const answers = [await client.hear('response'), await client.hear('response')];
    expect(answers.map(({ id, error }) => `${id} ${error?.code}`)).toEqual(['1 host.lost', '2 host.lost']);
    expect(await client.hear('event')).toMatchObject({ name: 'host.lost', data: { code: 'host.lost' } });
    client.say(ask(1, 'session.list'));
    expect(await client.hear('response')).toMatchObject({ id: 1, ok: true });
    expect(host.clients).toHaveLength(2);
  });

  it('is looked for again when a host that is ending still took the connection', async () => {
    const { greet } = await open({ hangsUpOn: 2, answer: () => ({ sessions: [] }) });
    const client = await greet();
    client.say(ask(1, 'session.list'));
    expect(await client.hear('response')).toMatchObject({ id: 1, ok: true });
  });

  it('is given up after some connections that were closed', async () => {
    const { greet, host } = await open({ hangsUpOn: 1_000 });
    const client = await greet();
    client.say(ask(1, 'session.list'));
    expect(await client.hear('response')).toMatchObject({ error: { code: 'host.unreachable' } });
    expect(host.clients.length).toBeLessThan(10);
  });

  it('tells the reason that the host gave for closing', async () => {
    const { host, greet } = await open();
    const client = await greet();
    client.say(ask(1, 'session.get'));
    const behind = await host.client(1);
    await until(() => behind.requests.length === 1);
    behind.say({ type: 'error', code: 'host.slow_client', message: 'You do not read.' });
    behind.socket.end();
    expect(await client.hear('response')).toMatchObject({
      error: { code: 'host.lost', message: expect.stringContaining('You do not read.') },
    });
    expect(client.heard.filter(({ type }) => type === 'error')).toEqual([]);
  });

  it('does not lead to a host of another version', async () => {
    const { greet } = await open({ hello: { protocol_version: 99, version: '9.9.9' } });
    const client = await greet();
    client.say(ask(1, 'session.list'));
    expect(await client.hear('response')).toMatchObject({ error: { code: 'host.version_mismatch' } });
    client.say(ask(2, 'session.list'));
    expect(await client.hear('response')).toMatchObject({ id: 2, error: { code: 'host.version_mismatch' } });
  });
});

describe('without a host', () => {
  it('there are no sessions, and nothing is started to say so', async () => {
    const { config, greet } = await openHub();
    const client = await greet();
    client.say(ask(1, 'session.list'));
    expect(await client.hear('response')).toEqual({
      type: 'response',
      id: 1,
      ok: true,
      value: { sessions: [] },
    });
    client.say(ask(2, 'session.list', { ended: true }));
    expect(await client.hear('response')).toMatchObject({ error: { code: 'host.not_running' } });
    client.say(ask(3, 'session.get', { id: 'x' }));
    expect(await client.hear('response')).toMatchObject({ error: { code: 'host.not_running' } });
    expect(existsSync(join(config.state_dir, 'host.log'))).toBe(false);
  });
});
