/** One connection, over a real socket, at a time that the test sets. */
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fail } from '../../base/errors.js';
import type { HostEvent } from '../../protocol/host-events.js';
import { HOST_PROTOCOL_VERSION } from '../../protocol/host-methods.js';
import { encodeTerminalFrame } from '../../protocol/terminal-frames.js';
import { Connection } from '../../session-host/connection.js';
import { type HostLimits, hostLimits } from '../../session-host/limits.js';
import { SocketClient } from '../support/socket-client.js';
import { tempDir } from '../support/temp-repo.js';
import { until } from '../support/until.js';
import { VirtualClock } from '../support/virtual-clock.js';

const hello = { protocol_version: HOST_PROTOCOL_VERSION, client: 'session-host', version: '0.1.0' };

async function open(limits: Partial<HostLimits> = {}) {
  const path = join(tempDir(), 's');
  const clock = new VirtualClock();
  const heard: string[] = [];
  let accepted: Socket | undefined;
  const server = createServer((socket) => {
    accepted = socket;
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = await SocketClient.connect(path);
  const socket = await until(() => accepted);
  onTestFinished(() => void socket.destroy());
  const connection = new Connection(socket, {
    hello,
    token: 'secret',
    limits: { ...hostLimits, ...limits },
    clock,
    onHello: () => heard.push('hello'),
    onRequest: ({ method }) => heard.push(method),
    onTerminal: ({ type }) => {
      heard.push(type);
      throw new TypeError('a bug');
    },
    onBug: () => fail('host.internal', 'a bug'),
    onWritable: () => heard.push('writable'),
    onClosed: (_reason, code) => heard.push(`closed ${code ?? ''}`),
  });
  const greet = async () => {
    client.say({ type: 'hello', ...hello, client: 'test', token: 'secret' });
    await until(() => heard.includes('hello'));
    await client.hear('hello');
  };
  return { client, connection, socket, clock, heard, greet };
}

const bell: HostEvent = { name: 'session.bell', data: { session_uuid: 'x'.repeat(1_000) } };

describe('a connection', () => {
  it('that does not say hello is closed', async () => {
    const { client, clock, heard } = await open();
    await client.hear('hello');
    clock.advance(5_000);
    expect(await client.hear('error')).toMatchObject({ code: 'protocol.hello_timeout' });
    await until(() => heard.includes('closed protocol.hello_timeout'));
  });

  it('that has greeted is left alone', async () => {
    const { client, clock, greet, connection } = await open();
    await greet();
    clock.advance(3_600_000);
    connection.event(bell);
    expect(await client.hear('event')).toMatchObject({ name: 'session.bell' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('gets neither events nor output before it has greeted', async () => {
    const { client, connection, greet } = await open();
    connection.event(bell);
    connection.send(encodeTerminalFrame({ type: 'credit', attach: 1, bytes_count: 1 }));
    expect(connection.writable).toBe(false);
    await greet();
    connection.respond({ id: 5, ok: true, value: {} });
    connection.event({ name: 'session.removed', data: { session_uuid: 'x' } });
    expect(await client.hear('event')).toMatchObject({ name: 'session.removed' });
    expect(client.heard).toEqual([]);
  });

  it('takes no output while its socket is full, and says when it does again', async () => {
    const { client, connection, heard, greet } = await open();
    await greet();
    client.socket.pause();
    // Not a message: the client would try to read it.
    const frame = new Uint8Array(64 * 1024);
    for (let sent = 0; connection.writable; sent++) {
      expect(sent, 'bounded').toBeLessThan(100);
      connection.send(frame);
    }
    client.socket.removeAllListeners('data');
    client.socket.resume();
    await until(() => heard.includes('writable'));
    expect(connection.writable).toBe(true);
  });

  it('that does not read its events is closed with a code', async () => {
    const { client, connection, clock, heard, greet } = await open({ maxQueuedBytes: 100_000 });
    await greet();
    client.socket.pause();
    for (let i = 0; i < 2_000 && connection.writable; i++) connection.event(bell);
    expect(connection.writable).toBe(false);
    client.socket.resume();
    expect(await client.hear('error')).toMatchObject({ code: 'host.slow_client' });
    clock.advance(500);
    await until(() => heard.includes('closed host.slow_client'));
  });

  it('that still reads a large snapshot is not slow to read what follows', async () => {
    const { client, connection, heard, greet } = await open({ maxQueuedBytes: 100_000 });
    await greet();
    client.socket.pause();
    const bytes = new Uint8Array(2_000_000);
    connection.send(encodeTerminalFrame({ type: 'snapshot', attach: 1, offset: 0, rows: 9, cols: 9, bytes }));
    connection.event(bell);
    client.socket.resume();
    expect(await client.hear('event')).toMatchObject({ name: 'session.bell' });
    expect(heard).not.toContain('closed host.slow_client');
  });

  it('that does not even read that is cut off', async () => {
    const { client, connection, clock, heard, greet } = await open({ maxQueuedBytes: 100_000 });
    await greet();
    client.socket.pause();
    for (let i = 0; i < 2_000 && connection.writable; i++) connection.event(bell);
    clock.advance(499);
    expect(heard).not.toContain('closed host.slow_client');
    clock.advance(1);
    await until(() => heard.includes('closed host.slow_client'));
  });

  it('that hits a bug of ours is closed, and that is all', async () => {
    const { client, heard, greet } = await open();
    await greet();
    client.raw(encodeTerminalFrame({ type: 'credit', attach: 1, bytes_count: 1 }));
    expect(await client.hear('error')).toMatchObject({ code: 'host.internal' });
    expect(heard).toContain('credit');
  });
});
