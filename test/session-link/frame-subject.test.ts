/** What frames of the session host are about. */
import { expect, test } from 'vitest';
import { encodeMessage, type Message } from '../../protocol/messages.js';
import { encodeTerminalFrame, type TerminalFrame } from '../../protocol/terminal-frames.js';
import { eventSubject, outputSubject, peek } from '../../session-link/frame-subject.js';

const payloadOf = (message: Message): Uint8Array => encodeMessage(message).subarray(5);
const event = (name: string, data: object): Uint8Array =>
  payloadOf({ type: 'event', name, data: data as never });
const output = (frame: TerminalFrame) => {
  const bytes = encodeTerminalFrame(frame);
  return outputSubject(bytes[4]!, bytes.subarray(5));
};

test('output and snapshots are of an attach, and cost credit', () => {
  const bytes = new Uint8Array(9);
  expect(output({ type: 'output', attach: 7, offset: 1, bytes })).toEqual({
    kind: 'output',
    attach: 7,
    bytes: 9,
  });
  expect(output({ type: 'snapshot', attach: 8, offset: 1, rows: 1, cols: 1, bytes })).toEqual({
    kind: 'output',
    attach: 8,
    bytes: 9,
  });
  expect(() => outputSubject(2, new Uint8Array(3))).toThrow();
});

test('events are of an attach if their name says so', () => {
  expect(eventSubject(event('attach.resized', { attach: 3, rows: 1, cols: 1 }))).toEqual({
    kind: 'attach_event',
    attach: 3,
    ended: false,
  });
  expect(eventSubject(event('attach.ended', { attach: 3, reason: 'exited' }))).toMatchObject({ ended: true });
  expect(eventSubject(event('session.bell', { session_uuid: 'u' }))).toEqual({ kind: 'event' });
  expect(eventSubject(event('x', {}))).toEqual({ kind: 'event' });
  expect(() => eventSubject(event('attach.resized', {}))).toThrow('attach');
});

test('answers say whose they are and whether they failed, however they are written', () => {
  expect(peek(payloadOf({ type: 'response', id: 12, ok: true, value: {} }))).toEqual({
    type: 'response',
    id: 12,
    ok: true,
  });
  const error = { code: 'a.b', message: 'c' };
  expect(peek(payloadOf({ type: 'response', id: 1, ok: false, error }))).toMatchObject({ id: 1, ok: false });
  expect(peek(Buffer.from('{ "ok": false, "id": 5, "type": "response" }'))).toMatchObject({
    id: 5,
    ok: false,
  });
  expect(peek(payloadOf({ type: 'error', ...error }))).toEqual({ type: 'error' });
  expect(() => peek(Buffer.from('{"type":"request"}'))).toThrow();
});
