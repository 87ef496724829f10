/**
 * What the frames are about that a session host sends to one client, told from their first bytes where that will do: they
 * are passed on, and need not be understood.
 */
import { mismatch } from '../base/check.js';
import { fail } from '../base/errors.js';
import { type Infer, t } from '../base/schema.js';
import { decodeMessage, hubMessages } from '../protocol/messages.js';
import { decodeTerminalFrame } from '../protocol/terminal-frames.js';

/**
 * What a frame of the host is about: the stream of an attach, in which output, snapshots and the events `attach.*` have
 * their places; or something else, for which no order is promised.
 */
export type FrameSubject =
  | {
      readonly kind: 'output';
      readonly attach: number /** What it costs of the client's credit. */;
      readonly bytes: number;
    }
  | { readonly kind: 'attach_event'; readonly attach: number; readonly ended: boolean }
  | { readonly kind: 'event' };

/** Output and snapshots begin with the number of their attach. */
export function outputSubject(type: number, payload: Uint8Array): FrameSubject {
  const frame = decodeTerminalFrame(type, payload);
  return { kind: 'output', attach: frame.attach, bytes: 'bytes' in frame ? frame.bytes.length : 0 };
}

const attachEvent = t.object({ attach: t.int() });
const ATTACH_EVENT = Buffer.from('{"type":"event","name":"attach.');

export function eventSubject(payload: Uint8Array): FrameSubject {
  if (ATTACH_EVENT.compare(payload.subarray(0, ATTACH_EVENT.length)) !== 0) return { kind: 'event' };
  const { name, data } = decodeMessage(payload, ['event']);
  const problem = mismatch(attachEvent, data, name);
  if (problem !== undefined) throw fail('protocol.message_invalid', `An event is malformed: ${problem}.`);
  const { attach } = data as Infer<typeof attachEvent>;
  return { kind: 'attach_event', attach, ended: name === 'attach.ended' };
}

interface Head {
  readonly type: string;
  readonly id?: number;
  readonly ok?: boolean;
}

const head = /^\{"type":"(response|event|error|hello)"(?:,"id":(\d+))?(?:,"ok":(true|false))?[,}]/;

/** Type, id and outcome of a message, from its first bytes: our own encoding puts them there. */
export function peek(payload: Uint8Array): Head {
  const text = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, 64)).toString(
    'latin1',
  );
  const found = head.exec(text);
  const [, type, id, ok] = found ?? [];
  if (type === undefined || (type === 'response' && ok === undefined))
    return decodeMessage(payload, hubMessages);
  return {
    type,
    ...(id === undefined ? {} : { id: Number(id) }),
    ...(ok === undefined ? {} : { ok: ok === 'true' }),
  };
}
