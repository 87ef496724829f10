/** What a device may say and what it is answered, without a network. */
import { expect, test } from 'vitest';
import { Counters } from '../../../base/counters.js';
import type { HubError } from '../../../base/errors.js';
import {
  DeviceConnection,
  type DeviceConnectionOptions,
} from '../../../primitives/webrtc/device-connection.js';
import { peerLimits } from '../../../primitives/webrtc/limits.js';
import { SendQueue } from '../../../primitives/webrtc/send-queue.js';
import { FrameReader } from '../../../protocol/frames.js';
import { decodeMessage, encodeMessage, hubMessages, type Message } from '../../../protocol/messages.js';
import { peerMethods, type Role, refusal } from '../../../protocol/peers.js';
import { PROTOCOL_VERSION } from '../../../protocol/version.js';
import { HostAccess } from '../../../session-link/host-access.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const nowhere = {
  hub_id: 'test',
  version: '1',
  state_dir: '/nonexistent',
  socket_path: '/nonexistent/host.sock',
  max_sessions: 1,
  idle_exit_ms: 1,
};
const HELLO: Message = { type: 'hello', protocol_version: PROTOCOL_VERSION, client: 'test', version: '1' };

function open(more: Partial<DeviceConnectionOptions> = {}) {
  const clock = new VirtualClock();
  const queue = new SendQueue();
  const requests: string[] = [];
  const failures: HubError[] = [];
  const connection = new DeviceConnection({
    hello: { protocol_version: PROTOCOL_VERSION, client: 'hub', version: '1' },
    role: 'user',
    limits: peerLimits,
    clock,
    host: new HostAccess(nowhere, clock),
    counters: new Counters(),
    loopAgeMs: () => 42,
    queue,
    onQueued: () => undefined,
    onHello: () => undefined,
    onRequest: ({ method }) => requests.push(method) > 0,
    onApp: () => true,
    onPong: () => undefined,
    onFailed: (error) => failures.push(error),
    ...more,
  });
  const say = (message: Message): void => connection.receive(encodeMessage(message));
  /** What it was sent on the channel `control`. */
  const heard = (): Message[] => {
    const list: Message[] = [];
    const reader = new FrameReader();
    for (let next = queue.takeControl(); next !== undefined; next = queue.takeControl())
      reader.push(next, ({ payload }) => {
        list.push(decodeMessage(payload, [...hubMessages, 'dc_pong', 'dc_ping', 'app']));
      });
    return list;
  };
  return { connection, queue, requests, failures, say, heard };
}

test('a ping is answered in the same turn, with the age of the loop and what waits', () => {
  const { connection, say, heard, queue } = open();
  say(HELLO);
  heard();
  queue.pushBytes(1, new Uint8Array(1_000));
  say({ type: 'dc_ping', id: 9 });
  expect(heard()).toEqual([{ type: 'dc_pong', id: 9, loop_age_ms: 42, queued_bytes: 1_000 }]);
  connection.close();
  say({ type: 'dc_ping', id: 10 });
  expect(heard()).toEqual([]);
});

test.each(['user', 'viewer'] as const)('a %s may do what the table of methods says', (role: Role) => {
  const methods = [...Object.keys(peerMethods), 'eval', 'stop', 'session.spawn', 'host.stop', 'toString', ''];
  for (const method of methods.filter((name) => !/^(session|host)\./.test(name) || name === 'host.stop')) {
    const { say, heard, requests } = open({ role });
    say(HELLO);
    heard();
    say({ type: 'request', id: 1, method, params: {} });
    const why = refusal(method, role);
    if (why === undefined) expect(requests).toEqual([method]);
    else {
      const code = why === 'view_only' ? 'device.view_only' : 'device.not_allowed';
      expect(heard()).toMatchObject([{ type: 'response', id: 1, ok: false, error: { code } }]);
      expect(requests).toEqual([]);
    }
  }
});

test('a request while its number is open ends the connection; an answer frees it', () => {
  const { connection, say, failures } = open();
  say(HELLO);
  const request: Message = { type: 'request', id: 1, method: 'status', params: {} };
  say(request);
  connection.respond({ id: 1, ok: true, value: 1 });
  connection.respond({ id: 1, ok: true, value: 'nobody asked' });
  say(request);
  say(request);
  expect(failures).toMatchObject([{ code: 'protocol.message_invalid' }]);
});

test('the hub says that it is busy when it does not take a request', () => {
  const { say, heard } = open({ onRequest: () => false });
  say(HELLO);
  heard();
  say({ type: 'request', id: 1, method: 'status', params: {} });
  expect(heard()).toMatchObject([{ id: 1, ok: false, error: { code: 'hub.busy' } }]);
});

test('a device that reads none of the messages it causes is cut off, and what waited is gone', () => {
  const { say, failures, queue, connection } = open({ limits: { ...peerLimits, maxQueuedBytes: 10_000 } });
  say(HELLO);
  for (let id = 0; id < 1_000 && failures.length === 0; id++) say({ type: 'dc_ping', id });
  expect(failures).toMatchObject([{ code: 'webrtc.slow_device' }]);
  expect(queue.bytes).toBeLessThan(500);
  connection.notify('late', {});
  expect(queue.bytes).toBeLessThan(500);
});
