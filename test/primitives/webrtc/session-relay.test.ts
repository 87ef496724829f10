/** A device's way to the session host: order, credit, roles and bounds, with a host that a test plays. */
import { expect, test } from 'vitest';
import { Counters } from '../../../base/counters.js';
import { RealClock } from '../../../base/real-clock.js';
import { WINDOW_BYTES } from '../../../primitives/webrtc/attach-credit.js';
import { SendQueue } from '../../../primitives/webrtc/send-queue.js';
import { SessionRelay, type SessionRelayOptions } from '../../../primitives/webrtc/session-relay.js';
import { type Frame, FrameReader, frameTypes } from '../../../protocol/frames.js';
import { encodeMessage, type MessageOf } from '../../../protocol/messages.js';
import { decodeTerminalFrame, encodeTerminalFrame } from '../../../protocol/terminal-frames.js';
import { HostAccess } from '../../../session-link/host-access.js';
import { FakeSessionHost, sessionRecord } from '../../support/fake-session-host.js';
import { hostConfigIn } from '../../support/host-process.js';
import { tempDir } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';

const value = { session: sessionRecord('u') };
const ATTACH = { id: 'u', attach: 4, credit: 1024 * 1024 };

async function open(more: Partial<SessionRelayOptions> = {}, answer: () => unknown = () => value) {
  const config = hostConfigIn(tempDir());
  const host = await FakeSessionHost.open({ config, answer });
  const queue = new SendQueue();
  const answers: unknown[] = [];
  const events: string[] = [];
  const relay = new SessionRelay({
    host: new HostAccess(config, new RealClock({ unref: true })),
    role: 'user',
    limits: { maxInputBytes: 1024 * 1024 },
    counters: new Counters(),
    queue,
    onQueued: () => undefined,
    settle: () => true,
    answer: (one) => answers.push(one),
    notify: (name) => events.push(name),
    ...more,
  });
  let id = 0;
  const request = (method: string, params: object): void => {
    const message: MessageOf<'request'> = { type: 'request', id: ++id, method, params: params as never };
    relay.request(message, encodeMessage(message).subarray(5));
  };
  const input = (text: string): void =>
    relay.terminal({ type: 'input', attach: 4, bytes: Buffer.from(text) });
  return { host, relay, queue, answers, events, request, input };
}

/** What waits on the channel `bytes`. */
function frames(queue: SendQueue): Frame[] {
  const list: Frame[] = [];
  const reader = new FrameReader();
  for (let next = queue.takeBytes(4_096); next !== undefined; next = queue.takeBytes(4_096))
    reader.push(next, (frame) => void list.push({ type: frame.type, payload: frame.payload.slice() }));
  return list;
}

test('what a device sends before the host is reached gets there, in its order', async () => {
  const { host, request, input, relay } = await open();
  request('session.attach', ATTACH);
  input('first');
  relay.terminal({ type: 'credit', attach: 4, bytes_count: 10 });
  request('session.detach', { attach: 4 });
  input('second');
  const client = await host.client(1);
  await until(() => client.frames.length === 5);
  expect(client.frames.map(({ type }) => type)).toEqual([
    frameTypes.message,
    frameTypes.message,
    frameTypes.input,
    frameTypes.message,
    frameTypes.input,
  ]);
  expect(client.requests.map(({ method }) => method)).toEqual(['session.attach', 'session.detach']);
  expect(client.requests[0]!.params).toMatchObject({ credit: WINDOW_BYTES });
});

test('output, events of the attach and its answer come in their order on one channel; other facts on the other', async () => {
  const { host, request, queue } = await open();
  request('session.attach', ATTACH);
  const client = await host.client(1);
  await until(() => queue.hasBytes);
  client.raw(encodeTerminalFrame({ type: 'output', attach: 4, offset: 0, bytes: Buffer.from('out') }));
  client.say({ type: 'event', name: 'attach.resized', data: { attach: 4, rows: 1, cols: 1 } });
  client.say({ type: 'event', name: 'session.bell', data: { session_uuid: 'u' } });
  await until(() => queue.hasControl);
  const [answer, output, resized] = frames(queue);
  expect(Buffer.from(answer!.payload).toString()).toContain('"type":"response"');
  expect(decodeTerminalFrame(output!.type, output!.payload)).toMatchObject({ type: 'output', offset: 0 });
  expect(Buffer.from(resized!.payload).toString()).toContain('attach.resized');
  expect(Buffer.from(queue.takeControl()!).toString()).toContain('session.bell');
});

test('the host gets credit back as bytes leave the queue, and not before', async () => {
  const { host, request, queue } = await open();
  request('session.attach', ATTACH);
  const client = await host.client(1);
  await until(() => queue.hasBytes);
  frames(queue);
  const bytes = new Uint8Array(WINDOW_BYTES / 2);
  client.raw(encodeTerminalFrame({ type: 'output', attach: 4, offset: 0, bytes }));
  await until(() => queue.bytes > bytes.length);
  expect(client.frames.some(({ type }) => type === frameTypes.credit)).toBe(false);
  frames(queue);
  await until(() => client.frames.some(({ type }) => type === frameTypes.credit));
  const credit = client.frames.find(({ type }) => type === frameTypes.credit)!;
  expect(decodeTerminalFrame(credit.type, credit.payload)).toMatchObject({
    attach: 4,
    bytes_count: bytes.length,
  });
});

test('a viewer asks for an attach with rights and gets one without', async () => {
  const { host, request, input, events } = await open({ role: 'viewer' });
  request('session.attach', { ...ATTACH, view_only: false });
  const client = await host.client(1);
  await until(() => client.requests.length === 1);
  expect(client.requests[0]!.params).toMatchObject({ view_only: true });
  input('no');
  input('no');
  expect(events).toEqual(['attach.input_refused']);
});

test('input that the host does not take is bounded', async () => {
  const { host, request, relay, input } = await open({ limits: { maxInputBytes: 1024 * 1024 } });
  request('session.attach', ATTACH);
  const client = await host.client(1);
  await until(() => client.requests.length === 1);
  client.socket.pause();
  const send = (): void => {
    for (let n = 0; n < 100; n++) input('x'.repeat(100_000));
  };
  expect(send).toThrow(expect.objectContaining({ code: 'webrtc.too_much_input' }) as Error);
  relay.close();
});

test('when the host is lost, the device is told, and its next request reaches the next one', async () => {
  const { host, request, events, answers, queue } = await open({}, () => undefined);
  request('session.attach', ATTACH);
  const first = await host.client(1);
  await until(() => first.requests.length === 1);
  first.socket.destroy();
  await until(() => events.includes('host.lost'));
  expect(answers).toMatchObject([{ ok: false, error: { code: 'host.lost' } }]);
  request('session.attach', ATTACH);
  const second = await host.client(2);
  await until(() => second.requests.length === 1);
  second.respond(2, value);
  await until(() => queue.hasBytes);
});
