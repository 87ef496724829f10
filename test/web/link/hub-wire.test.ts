import { describe, expect, it } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { encodeMessage, type MessageOf } from '../../../protocol/messages.js';
import { encodeTerminalFrame, type TerminalFrame } from '../../../protocol/terminal-frames.js';
import { HubWire } from '../../../web/link/hub-wire.js';
import type { Channel } from '../../../web/link/transport.js';
import fc, { fuzz } from '../../support/fast-check.js';
import { settle } from '../../support/virtual-clock.js';
import { FakePeer, hubHello } from './support/fake-peer.js';
import { hello } from './support/fake-world.js';

class World {
  readonly ended: HubError[] = [];
  readonly events: MessageOf<'event'>[] = [];
  readonly frames: TerminalFrame[] = [];
  readonly pongs: number[] = [];
  readonly peer: FakePeer;
  readonly apps: unknown[] = [];
  readonly wire: HubWire;

  constructor() {
    const ignored = (): void => undefined;
    this.peer = new FakePeer({
      signal: ignored,
      opened: ignored,
      received: (channel, message) => this.wire.receive(channel, message),
      drained: () => this.wire.drained(),
      doubtful: ignored,
      closed: ignored,
    });
    this.wire = new HubWire(this.peer, hello, {
      event: (event) => void this.events.push(event),
      terminal: (frame) => void this.frames.push(frame),
      pong: ({ id }) => void this.pongs.push(id),
      app: ({ data }) => void this.apps.push(data),
      heard: ignored,
      ended: (error) => void this.ended.push(error),
    });
  }
}

function greeted(): World {
  const world = new World();
  world.peer.say(hubHello);
  return world;
}

describe('the wire to a hub', () => {
  it('puts frames together that come in pieces, on each channel for itself', () => {
    const world = greeted();
    const event = encodeMessage({ type: 'event', name: 'x', data: { n: 1 } as never });
    const output = encodeTerminalFrame({ type: 'output', attach: 1, offset: 2, bytes: new Uint8Array([3]) });
    for (let at = 0; at < Math.max(event.length, output.length); at++) {
      world.wire.receive('control', event.slice(at, at + 1));
      world.wire.receive('bytes', output.slice(at, at + 1));
    }
    expect(world.events).toHaveLength(1);
    expect(world.frames).toHaveLength(1);
  });

  it('answers the hub’s pings, and tells of its pongs', () => {
    const world = greeted();
    world.peer.say({ type: 'dc_ping', id: 7 });
    world.peer.pong(3);
    expect(world.peer.messages.at(-1)).toEqual({ type: 'dc_pong', id: 7, loop_age_ms: 0, queued_bytes: 0 });
    expect(world.pongs).toEqual([3]);
  });

  it('hands on what plugins send', () => {
    const world = greeted();
    world.peer.say({ type: 'app', data: { any: 1 } as never });
    expect(world.apps).toEqual([{ any: 1 }]);
    expect(world.ended).toHaveLength(0);
  });

  it('sends nothing larger than a message, and a ping before the rest of a paste', () => {
    const world = greeted();
    world.wire.sendInput(1, new Uint8Array(200_000));
    world.peer.bufferedBytes = 1e6;
    world.wire.sendInput(1, new Uint8Array(1_000));
    world.wire.ping(5);
    expect(world.peer.pings).toHaveLength(0);
    world.peer.bufferedBytes = 0;
    world.wire.drained();
    expect(Math.max(...world.peer.sizes)).toBe(16 * 1024);
    expect(world.peer.pings).toHaveLength(1);
    expect(world.peer.terminal.map((frame) => 'bytes' in frame && frame.bytes.length)).toEqual([
      200_000, 1_000,
    ]);
  });

  it('goes on after a bug of whoever listens', async () => {
    const world = new World();
    const seen: unknown[] = [];
    const onFault = (thrown: unknown): void => void seen.push(thrown);
    process.once('uncaughtException', onFault);
    world.peer.say(hubHello);
    Object.assign(world.events, {
      push: () => {
        throw new Error('a bug');
      },
    });
    const two = encodeMessage({ type: 'event', name: 'x', data: {} });
    const pong = encodeMessage({ type: 'dc_pong', id: 9, loop_age_ms: 0, queued_bytes: 0 });
    world.wire.receive('control', new Uint8Array([...two, ...pong]));
    expect(world.pongs).toEqual([9]);
    await settle();
    process.off('uncaughtException', onFault);
    expect(seen).toHaveLength(1);
  });

  it('ends once with a code for whatever a hub sends wrong', () => {
    const channel = fc.constantFrom<Channel>('control', 'bytes');
    const good = fc.constantFrom(
      encodeMessage(hubHello),
      encodeMessage({ type: 'event', name: 'session.bell', data: { session_uuid: 'u' } }),
      encodeMessage({ type: 'response', id: 1, ok: true, value: {} }),
      encodeMessage({ type: 'dc_pong', id: 1, loop_age_ms: 0, queued_bytes: 0 }),
      encodeMessage({ type: 'error', code: 'hub.nope', message: 'no' }),
      encodeTerminalFrame({
        type: 'snapshot',
        attach: 1,
        offset: 2,
        rows: 3,
        cols: 4,
        bytes: new Uint8Array(9),
      }),
    );
    const broken = fc
      .tuple(good, fc.nat(40), fc.nat(255))
      .map(([frame, at, byte]) => frame.map((old, index) => (index === at ? byte : old)));
    const cut = fc.tuple(good, fc.nat(60)).map(([frame, at]) => frame.slice(0, at));
    const announced = fc.uint8Array({ minLength: 4, maxLength: 12 });
    const message = fc.oneof(good, broken, cut, announced, fc.uint8Array({ maxLength: 80 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(channel, message), { maxLength: 12 }), (messages) => {
        const world = new World();
        world.wire.request('status', {}).catch(() => undefined);
        world.wire.greeted.catch(() => undefined);
        for (const [on, bytes] of messages) world.wire.receive(on, bytes);
        expect(world.ended.length).toBeLessThanOrEqual(1);
        for (const error of world.ended) expect(error).toBeInstanceOf(HubError);
      }),
      fuzz(3_000),
    );
  });
});
