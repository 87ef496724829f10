/** What a session host takes from its socket: greetings, requests, garbage. */
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeFrame, frameTypes } from '../../protocol/frames.js';
import { HOST_PROTOCOL_VERSION, type HostMethod } from '../../protocol/host-methods.js';
import { encodeMessage } from '../../protocol/messages.js';
import { encodeTerminalFrame } from '../../protocol/terminal-frames.js';
import fc from '../support/fast-check.js';
import { type HostProcess, startHost } from '../support/host-process.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';

const helloOf = (host: HostProcess, more: object = {}) =>
  ({
    type: 'hello',
    protocol_version: HOST_PROTOCOL_VERSION,
    client: 'test',
    version: '0.1.0',
    token: host.token,
    ...more,
  }) as const;

const request = (id: number, method = 'session.list', params: unknown = {}) =>
  ({ type: 'request', id, method, params: params as never }) as const;

/** A connection that has greeted, on which a test may say anything. */
async function greet(host: HostProcess): Promise<SocketClient> {
  const client = await SocketClient.connect(host.config.socket_path);
  client.say(helloOf(host));
  await client.hear('hello');
  return client;
}

async function refusal(host: HostProcess, act: (client: SocketClient) => void): Promise<string> {
  const client = await SocketClient.connect(host.config.socket_path);
  act(client);
  const { code } = await client.hear('error');
  await client.closed;
  return code;
}

describe('the socket', () => {
  it('is for its owner only', async () => {
    const host = await startHost();
    expect(statSync(host.config.socket_path).mode & 0o777).toBe(0o600);
    expect(statSync(`${host.config.state_dir}/host.token`).mode & 0o777).toBe(0o600);
    expect(statSync(`${host.config.state_dir}/host.log`).mode & 0o777).toBe(0o600);
  });

  it('refuses a wrong token, none, and another version, each with its code', async () => {
    const host = await startHost();
    const say = (more: object) => refusal(host, (client) => client.say(helloOf(host, more)));
    expect(await say({ token: 'x' })).toBe('host.not_authorized');
    expect(await say({ token: undefined })).toBe('host.not_authorized');
    expect(await say({ token: `${host.token}0` })).toBe('host.not_authorized');
    expect(await say({ protocol_version: 99 })).toBe('host.version_mismatch');
    expect(await say({ protocol_version: 99, token: undefined })).toBe('host.version_mismatch');
    const wrong = await host.connect({ token: 'x' });
    await expect(wrong.request('session.list', {})).rejects.toMatchObject({ code: 'host.not_authorized' });
    const { counters } = await (await host.connect()).request('host.status', {});
    expect(counters['connections.refused']).toBeGreaterThanOrEqual(5);
  });

  it('wants a hello before anything else, and only one', async () => {
    const host = await startHost();
    expect(await refusal(host, (client) => client.say(request(1)))).toBe('protocol.hello_expected');
    expect(
      await refusal(host, (client) =>
        client.raw(encodeTerminalFrame({ type: 'input', attach: 1, bytes: new Uint8Array(3) })),
      ),
    ).toBe('protocol.hello_expected');
    const twice = await greet(host);
    twice.say(helloOf(host));
    expect(await twice.hear('error')).toMatchObject({ code: 'protocol.message_invalid' });
  });

  it('closes a connection that sends what is no frame, and no other', async () => {
    const host = await startHost();
    const witness = await host.connect();
    const says = (bytes: Uint8Array) => refusal(host, (client) => client.raw(bytes));
    expect(await says(Uint8Array.of(0, 0, 0, 0))).toBe('protocol.frame_empty');
    expect(await says(Uint8Array.of(0, 0, 0, 9, 200))).toBe('protocol.frame_unknown_type');
    expect(await says(Uint8Array.of(0, 16, 0, 1, 1)), '1 MiB and a byte').toBe('protocol.frame_too_large');
    expect(await says(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'))).toBe('protocol.frame_too_large');
    expect(await says(encodeFrame(frameTypes.message, new TextEncoder().encode('{')))).toBe(
      'protocol.message_invalid',
    );
    for (const type of [frameTypes.output, frameTypes.snapshot]) {
      const client = await greet(host);
      client.raw(encodeFrame(type, new Uint8Array(20)));
      expect(await client.hear('error'), 'only a host sends it').toMatchObject({
        code: 'protocol.frame_unknown_type',
      });
    }
    const short = await greet(host);
    short.raw(encodeFrame(frameTypes.credit, new Uint8Array(5)));
    expect(await short.hear('error')).toMatchObject({ code: 'protocol.message_invalid' });
    expect(await witness.request('session.list', {})).toEqual({ sessions: [] });
  });

  it('answers what it does not know or cannot take with a code, and goes on', async () => {
    const host = await startHost();
    const client = await host.connect();
    const code = (method: string, params: unknown) =>
      client.request(method as HostMethod, params as never).then(
        () => 'no error',
        (error: { code: string }) => error.code,
      );
    expect(await code('session.dance', {})).toBe('host.unknown_method');
    expect(await code('toString', {})).toBe('host.unknown_method');
    expect(await code('session.get', { id: 7 })).toBe('host.bad_params');
    expect(await code('session.get', {})).toBe('host.bad_params');
    expect(await code('session.attach', { id: 'x', attach: -1, credit: 0 })).toBe('host.bad_params');
    expect(await code('session.resize', { id: 'x', rows: 0, cols: 80 })).toBe('host.bad_params');
    expect(await code('session.resize', { id: 'x', rows: 24, cols: 10_000 })).toBe('host.bad_params');
    expect(await code('session.get', { id: 'x' })).toBe('session.not_found');
    expect(await code('session.view', { attach: 3 })).toBe('session.not_attached');
    expect(await code('session.detach', { attach: 3 })).toBe('session.not_attached');
    expect(await client.request('session.list', {})).toEqual({ sessions: [] });
  });

  it('refuses more than 64 requests at a time, and takes the next when some are answered', async () => {
    const host = await startHost();
    const { uuid } = await (await host.connect()).spawn('cat');
    const client = await greet(host);
    const asked = Array.from({ length: 80 }, (_, id) => request(id, 'session.screen', { id: uuid }));
    client.raw(Buffer.concat(asked.map((one) => encodeMessage(one))));
    const answers = new Map<number, string>();
    for (const _ of asked) {
      const { id, ok, error } = await client.hear('response');
      answers.set(id, ok ? 'done' : (error?.code ?? ''));
    }
    for (const { id } of asked)
      expect(answers.get(id), `request ${id}`).toBe(id < 64 ? 'done' : 'host.too_many_requests');
    client.say(request(80));
    expect(await client.hear('response')).toMatchObject({ id: 80, ok: true });
  });

  it('takes 256 connections and tells the next one why not', async () => {
    const host = await startHost();
    const clients = await Promise.all(
      Array.from({ length: 256 }, () => SocketClient.connect(host.config.socket_path)),
    );
    await Promise.all(clients.map((client) => client.hear('hello')));
    const late = await SocketClient.connect(host.config.socket_path);
    expect(await late.hear('error')).toMatchObject({ code: 'host.too_many_clients' });
    clients[0]?.socket.destroy();
    await clients[0]?.closed;
    // The host has to notice that there is room.
    const again = await until(async () => {
      const client = await SocketClient.connect(host.config.socket_path);
      client.say(helloOf(host));
      client.say(request(1));
      return await client.hear('response').catch(() => undefined);
    });
    expect(again).toMatchObject({ id: 1, ok: true });
  });

  it('takes 64 attaches of one connection, each number once', async () => {
    const host = await startHost();
    const client = await host.connect();
    const { uuid } = await client.spawn('cat');
    for (let i = 0; i < 64; i++) await client.attach(uuid, { credit: 0 });
    await expect(client.attach(uuid)).rejects.toMatchObject({ code: 'host.too_many_attaches' });
    expect((await client.record(uuid)).attached).toBe(64);
    await client.request('session.detach', { attach: 5 });
    expect((await client.record(uuid)).attached).toBe(63);
    await expect(client.request('session.attach', { id: uuid, attach: 6, credit: 0 })).rejects.toMatchObject({
      code: 'session.attach_in_use',
    });
    client.end();
    const other = await host.connect();
    expect((await other.attach(uuid)).session.uuid).toBe(uuid);
  });

  it('lives through whatever bytes come, before and after the hello', async () => {
    const host = await startHost();
    const witness = await host.connect();
    const { uuid } = await witness.spawn('cat');
    const attach = await witness.attach(uuid);
    const frame = fc
      .tuple(fc.constantFrom(...Object.values(frameTypes)), fc.uint8Array({ maxLength: 200 }))
      .map(([type, payload]) => encodeFrame(type, payload));
    const message = fc
      .record({
        method: fc.constantFrom('session.list', 'session.attach', 'x'),
        params: fc.jsonValue({ maxDepth: 2 }),
      })
      .map(({ method, params }) => new TextEncoder().encode(JSON.stringify(request(1, method, params))))
      .map((payload) => encodeFrame(frameTypes.message, payload));
    const noise = fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), frame, message), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(noise, fc.boolean(), async (pieces, greeted) => {
        const client = greeted ? await greet(host) : await SocketClient.connect(host.config.socket_path);
        for (const piece of pieces) client.raw(piece);
        client.socket.end();
        await client.closed;
      }),
      { numRuns: 150 },
    );
    attach.type('still here\n');
    await attach.until('still here');
    expect(host.log()).not.toContain('uncaught exception');
    expect((await witness.request('host.status', {})).counters['host.internal_errors']).toBeUndefined();
  });
});
