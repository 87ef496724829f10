/**
 * The messages between a hub or a session host and its socket clients: JSON in frames of type `message`.
 *
 * Each message is declared once; types, encoding and the check on receipt come from the declaration. Both sides send
 * `hello` first. Decoding takes any bytes and either gives a checked message or throws one coded error.
 */
import { mismatch } from '../base/check.js';
import { fail, HubError } from '../base/errors.js';
import { type InferFields, t } from '../base/schema.js';
import { encodeFrame, frameTypes } from './frames.js';

const errorFields = { code: t.str, message: t.str, details: t.opt(t.map(t.any)) };

export const messages = {
  /** Who speaks. Never changes its shape, so that builds of any age can tell each other their versions. */
  hello: {
    protocol_version: t.int({ min: 0 }),
    /** `hub`, or the kind of client: `cli`, `tui`, `mcp`, a program's own name. */
    client: t.text({ maxBytes: 64 }),
    /** Release version, such as `0.1.0`. */
    version: t.text({ maxBytes: 64 }),
    /** The hub's process and id. A hub sends both. */
    pid: t.opt(t.int({ min: 1 })),
    hub_id: t.opt(t.text({ maxBytes: 64 })),
    /** Proves to a session host that the client may read the folder that holds its token. */
    token: t.opt(t.text({ maxBytes: 256 })),
  },
  /** A client asks. `id` is its own choice, not reused while the request is open. */
  request: { id: t.int({ min: 0 }), method: t.text({ maxBytes: 64 }), params: t.any },
  /** The hub answers, once: `value` if `ok`, else `error`. Answers come in any order. */
  response: { id: t.int({ min: 0 }), ok: t.bool, value: t.opt(t.any), error: t.opt(t.object(errorFields)) },
  /** The hub tells a fact. */
  event: { name: t.str, data: t.any },
  /** Asks a peer whether it lives; answered at once, by the thread that has the connection. WebRTC only. */
  dc_ping: { id: t.int({ min: 0 }) },
  dc_pong: {
    id: t.int({ min: 0 }),
    /** How long ago the hub's loop turned. From a device: 0. */
    loop_age_ms: t.num({ min: 0 }),
    /** Bytes that wait in the hub for this device. */
    queued_bytes: t.int({ min: 0 }),
  },
  /** Something for or from the hub's Lua: `webrtc.send`, `webrtc.on_message`. WebRTC only. */
  app: { data: t.any },
  /** The hub says why it closes this connection. Never changes its shape. */
  error: errorFields,
} as const;

export type MessageType = keyof typeof messages;
export type MessageOf<T extends MessageType> = {
  [K in T]: { readonly type: K } & InferFields<(typeof messages)[K]>;
}[T];
export type Message = MessageOf<MessageType>;
export type Hello = MessageOf<'hello'>;
export type Response = MessageOf<'response'>;
export type WireError = InferFields<typeof errorFields>;

/** What each side may send. */
export const clientMessages = ['hello', 'request'] as const satisfies readonly MessageType[];
export const hubMessages = ['hello', 'response', 'event', 'error'] as const satisfies readonly MessageType[];

const encoder = new TextEncoder();

/** One message as a frame. Errors: protocol.frame_too_large. */
export function encodeMessage(message: Message, maxFrameBytes?: number): Uint8Array {
  return encodeFrame(frameTypes.message, encoder.encode(JSON.stringify(message, jsonSafe)), maxFrameBytes);
}

/** Reads a frame's payload as one of the `accepted` messages. Errors: protocol.message_invalid. */
export function decodeMessage<const T extends MessageType>(
  payload: Uint8Array,
  accepted: readonly T[],
): MessageOf<T> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (cause) {
    throw new HubError('protocol.message_invalid', 'A message is not JSON in UTF-8.', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('an object expected');
  const type: unknown = Object.hasOwn(value, 'type') ? (value as { type: unknown }).type : undefined;
  if (!accepted.includes(type as T)) throw invalid(`type: one of ${accepted.join(', ')} expected`);
  const problem = mismatch(t.object(messages[type as T]), value, type as T);
  if (problem !== undefined) throw invalid(problem);
  return value as MessageOf<T>;
}

/** A failure as it goes over the wire. */
export function wireError(error: HubError): WireError {
  const { code, message, details } = error;
  return details === undefined ? { code, message } : { code, message, details: details as WireDetails };
}

/** A failure that came over the wire. */
export function errorFromWire({ code, message, details }: WireError): HubError {
  return fail(code, message, details);
}

type WireDetails = Exclude<WireError['details'], undefined>;

function invalid(problem: string): HubError<'protocol.message_invalid'> {
  return fail('protocol.message_invalid', `A message is malformed: ${problem}.`);
}

/** Details of errors are of any make; JSON has no big integers. */
function jsonSafe(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
