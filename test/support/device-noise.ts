/** What a device that is paired, broken or hostile may send on its channel: arbitraries for property tests. */

import { encodeFrame, frameTypes } from '../../protocol/frames.js';
import { encodeMessage, type Message } from '../../protocol/messages.js';
import { peerMethods } from '../../protocol/peers.js';
import { encodeTerminalFrame } from '../../protocol/terminal-frames.js';
import { PROTOCOL_VERSION } from '../../protocol/version.js';
import fc from './fast-check.js';

export const HELLO: Message = {
  type: 'hello',
  protocol_version: PROTOCOL_VERSION,
  client: 'test',
  version: '1',
};

const odd = fc.constantFrom(-1, 0.5, 2 ** 53, 1e300, '', '4', null, true, [], {});
const attach = fc.oneof({ weight: 6, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: odd });
const credit = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, 4_096, 65_536, 2 ** 24, 2 ** 32) },
  { weight: 1, arbitrary: odd },
);
const methods = [...Object.keys(peerMethods), 'eval', 'stop', 'session.spawn', 'host.stop', 'toString', ''];
const params = fc.oneof(
  fc.record(
    {
      id: fc.oneof(fc.constantFrom('u', '', '../x'), fc.string({ maxLength: 5 })),
      attach,
      credit,
      view_only: fc.constantFrom(true, false, 'no', null),
      rows: fc.nat(100),
      cols: fc.nat(100),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Requests of all kinds, attaches before all. Ids repeat. */
const request = fc
  .record({
    id: fc.nat(8),
    method: fc.oneof(
      fc.constantFrom(...methods),
      fc.constantFrom('session.attach', 'session.detach', 'session.view'),
    ),
    params,
  })
  .map(({ id, method, params }) => encodeMessage({ type: 'request', id, method, params: params as never }));

const plain = fc
  .constantFrom<Message>(
    HELLO,
    { type: 'dc_ping', id: 1 },
    { type: 'dc_pong', id: 1, loop_age_ms: 0, queued_bytes: 0 },
    { type: 'app', data: { a: [1, null, 'x'] } },
  )
  .map((message) => encodeMessage(message));

const number = fc.oneof({ weight: 6, arbitrary: fc.nat(5) }, fc.nat(0xffff_ffff));
const terminal = fc.oneof(
  fc
    .record({ attach: number, bytes: fc.uint8Array({ maxLength: 30 }) })
    .map(({ attach, bytes }) => encodeTerminalFrame({ type: 'input', attach, bytes })),
  fc
    .record({ attach: number, bytes_count: fc.nat(0xffff_ffff) })
    .map(({ attach, bytes_count }) => encodeTerminalFrame({ type: 'credit', attach, bytes_count })),
);

/** Frames that a sound device may send. */
export const soundFrame: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 5, arbitrary: request },
  { weight: 2, arbitrary: plain },
  { weight: 3, arbitrary: terminal },
);

const messageText = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc
    .record({
      type: fc.constantFrom('hello', 'request', 'dc_ping', 'dc_pong', 'app', 'event', 'error', '__proto__'),
      more: fc.object({ maxDepth: 2 }),
    })
    .map(({ type, more }) => JSON.stringify({ ...more, type })),
  fc
    .tuple(fc.constantFrom('[', '{"a":', '"', '{"type":"app","data":['), fc.nat(3_000))
    .map(([text, times]) => text.repeat(times)),
);

/** One of each kind of harm: flipped, cut, doubled, of a wrong type, announced larger than it is, or no frame at all. */
const harmed = fc.oneof(
  fc
    .tuple(soundFrame, fc.nat(), fc.nat(255))
    .map(([frame, at, byte]) => frame.map((old, index) => (index === at % frame.length ? byte : old))),
  fc.tuple(soundFrame, fc.nat()).map(([frame, end]) => frame.subarray(0, end % frame.length)),
  soundFrame.map((frame) => Uint8Array.of(...frame, ...frame)),
  fc
    .tuple(fc.constantFrom(...Object.values(frameTypes), 0, 9, 255), fc.uint8Array({ maxLength: 40 }))
    .map(([type, payload]) => encodeFrame(type, payload)),
  messageText.map((text) => encodeFrame(frameTypes.message, Buffer.from(text))),
  fc
    .tuple(fc.constantFrom(0x40, 0x00, 0xff, 0x10), fc.uint8Array({ maxLength: 12 }))
    .map(([first, rest]) => Uint8Array.of(first, ...rest)),
  fc.uint8Array({ maxLength: 60 }),
);

/** What a device says, in its order: mostly sound, so that what is harmed meets every state. */
export const deviceTalk: fc.Arbitrary<Uint8Array[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: soundFrame }, { weight: 1, arbitrary: harmed }),
  { maxLength: 14 },
);

/** Anything, most of it harmed. */
export const noise: fc.Arbitrary<Uint8Array[]> = fc.array(
  fc.oneof({ weight: 1, arbitrary: soundFrame }, { weight: 2, arbitrary: harmed }),
  { maxLength: 8 },
);
