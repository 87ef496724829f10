import { describe, expect, it } from 'vitest';
import { Client } from '../../protocol/client.js';
import { FrameReader } from '../../protocol/frames.js';
import {
  clientMessages,
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageOf,
} from '../../protocol/messages.js';
import { methods } from '../../protocol/methods.js';
import { PROTOCOL_VERSION, versionMismatch } from '../../protocol/version.js';

/** A client, and the hub's side of its connection by hand. */
function open() {
  const sent: MessageOf<'hello' | 'request'>[] = [];
  const events: MessageOf<'event'>[] = [];
  const reader = new FrameReader();
  const state = { closed: false };
  const client = new Client({
    methods,
    hello: { protocol_version: PROTOCOL_VERSION, client: 'test', version: '0.1.0' },
    mismatch: versionMismatch,
    serverName: 'hub',
    send: (bytes) => reader.push(bytes, ({ payload }) => sent.push(decodeMessage(payload, clientMessages))),
    close: () => {
      state.closed = true;
    },
    onEvent: (event) => events.push(event),
  });
  return { client, sent, events, state, say: (message: Message) => client.receive(encodeMessage(message)) };
}

const hello: Message = {
  type: 'hello',
  protocol_version: PROTOCOL_VERSION,
  client: 'hub',
  version: '0.1.0',
  pid: 7,
};

describe('Client', () => {
  it('greets first and learns who the hub is', async () => {
    const { client, sent, say } = open();
    expect(sent).toEqual([
      { type: 'hello', protocol_version: PROTOCOL_VERSION, client: 'test', version: '0.1.0' },
    ]);
    say(hello);
    expect(await client.greeted).toMatchObject({ client: 'hub', pid: 7 });
  });

  it('matches answers to requests, in any order', async () => {
    const { client, sent, say } = open();
    say(hello);
    const params = { code: 'return 1', chunk_name: '=x', args: [] };
    const first = client.request('eval', params);
    const second = client.request('eval', params);
    const [, a, b] = sent as MessageOf<'request'>[];
    say({ type: 'response', id: b!.id, ok: true, value: { values_json: '[2]' } });
    say({
      type: 'response',
      id: a!.id,
      ok: false,
      error: { code: 'eval.lua_error', message: 'no', details: { traceback: 't' } },
    });
    expect(await second).toEqual({ values_json: '[2]' });
    await expect(first).rejects.toMatchObject({ code: 'eval.lua_error', details: { traceback: 't' } });
  });

  it('checks what the hub answers', async () => {
    const { client, sent, say } = open();
    say(hello);
    const asked = client.request('stop', { reason: '' });
    const failing = client.request('eval', { code: '', chunk_name: '', args: [] });
    const [, a, b] = sent as MessageOf<'request'>[];
    say({ type: 'response', id: a!.id, ok: true, value: [] });
    say({ type: 'response', id: b!.id, ok: false });
    await expect(asked).rejects.toMatchObject({ code: 'protocol.message_invalid' });
    await expect(failing).rejects.toMatchObject({ code: 'hub.internal' });
  });

  it('hands on events, and ignores answers that nobody waits for', () => {
    const { events, say } = open();
    say(hello);
    say({ type: 'response', id: 99, ok: true });
    say({ type: 'event', name: 'x', data: 1 });
    expect(events).toEqual([{ type: 'event', name: 'x', data: 1 }]);
  });

  it('says which versions do not go together', async () => {
    const { client, state, say } = open();
    say({ ...hello, protocol_version: PROTOCOL_VERSION + 1 });
    await expect(client.greeted).rejects.toMatchObject({ code: 'protocol.version_mismatch' });
    expect(state.closed).toBe(true);
    await expect(client.request('status', {})).rejects.toMatchObject({ code: 'protocol.version_mismatch' });
  });

  it('passes on why the hub hung up', async () => {
    const { client, say } = open();
    const asked = client.request('status', {});
    say({ type: 'error', code: 'control.too_many_clients', message: 'Full.' });
    say({ type: 'event', name: 'late', data: 1 });
    await expect(client.greeted).rejects.toMatchObject({ code: 'control.too_many_clients' });
    await expect(asked).rejects.toMatchObject({ code: 'control.too_many_clients' });
  });

  it('settles everything when the connection is lost', async () => {
    const { client, say } = open();
    say(hello);
    const asked = client.request('status', {});
    client.closed();
    await expect(asked).rejects.toMatchObject({ code: 'hub.connection_lost' });
    await expect(client.request('status', {})).rejects.toMatchObject({ code: 'hub.connection_lost' });
  });

  it('does not talk to something that is no hub', async () => {
    const { client, state } = open();
    client.receive(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n'));
    await expect(client.greeted).rejects.toMatchObject({ code: 'protocol.frame_too_large' });
    expect(state.closed).toBe(true);
    expect(() => client.receive(new Uint8Array(8))).not.toThrow();
  });

  it('wants a hello before anything else', async () => {
    const { client, say } = open();
    say({ type: 'event', name: 'x', data: 1 });
    await expect(client.greeted).rejects.toMatchObject({ code: 'protocol.hello_expected' });
  });
});
