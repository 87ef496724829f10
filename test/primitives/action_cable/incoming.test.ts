import { expect, test } from 'vitest';
import { readCableMessage, shown } from '../../../primitives/action_cable/incoming.js';
import { MAX_DEPTH, MAX_REASON_CHARS } from '../../../primitives/action_cable/limits.js';
import fc from '../../support/fast-check.js';

const identifier = '{"channel":"ChatChannel"}';
const read = (message: unknown) => readCableMessage(JSON.stringify(message));

test('what servers say is understood', () => {
  expect(read({ type: 'welcome' })).toEqual({ type: 'welcome' });
  expect(read({ type: 'ping', message: 1_700_000_000 })).toEqual({ type: 'ping' });
  expect(read({ type: 'disconnect', reason: 'unauthorized', reconnect: false })).toEqual({
    type: 'disconnect',
    reason: 'unauthorized',
    reconnect: false,
  });
  expect(read({ type: 'disconnect', reason: 'server_restart', reconnect: true })).toMatchObject({
    reconnect: true,
  });
  expect(read({ type: 'confirm_subscription', identifier })).toEqual({ type: 'confirmed', identifier });
  expect(read({ type: 'reject_subscription', identifier })).toEqual({ type: 'rejected', identifier });
  expect(read({ identifier, message: null })).toEqual({ type: 'message', identifier });
});

test.each([
  ['no JSON', '{'],
  ['nothing', ''],
  ['no object', '[]'],
  ['null', 'null'],
  ['a number', '7'],
  ['another type', '{"type":"launch"}'],
  ['a type that is inherited', '{"type":"constructor","identifier":"x"}'],
  ['a message for nobody', '{"message":1}'],
  ['an identifier that is no text', '{"identifier":null,"message":1}'],
  ['a confirmation of an object', '{"type":"confirm_subscription","identifier":{}}'],
  ['a message without a message', '{"identifier":"x"}'],
])('%s is no message', (_what, text) => {
  expect(readCableMessage(text)).toBeUndefined();
});

test('what is nested too deep is no message, brackets in strings do not count', () => {
  const nested = (depth: number): string =>
    `{"identifier":"x","message":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  expect(readCableMessage(nested(MAX_DEPTH - 1))).toEqual({ type: 'message', identifier: 'x' });
  expect(readCableMessage(nested(MAX_DEPTH))).toBeUndefined();
  expect(readCableMessage(nested(100_000))).toBeUndefined();
  expect(read({ identifier: 'x', message: '"[{'.repeat(1_000) })).toBeDefined();
});

test('whatever comes, the answer is a message or nothing, and JSON that is shallow is judged by its fields alone', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json({ maxDepth: 8 }), fc.string({ unit: 'binary' })), (text) => {
      const message = readCableMessage(text);
      if (message !== undefined) expect(Object.keys(JSON.parse(text) as object)).not.toEqual([]);
    }),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(fc.string(), fc.jsonValue({ maxDepth: 8 }), (name, message) => {
      expect(read({ identifier: name, message })).toEqual({ type: 'message', identifier: name });
    }),
  );
});

test('words of a server are shown short and plain', () => {
  expect(shown('invalid_request')).toBe('invalid_request');
  expect(shown('a\u001b[31mb\nc')).toBe('a?[31mb?c');
  expect(shown('x'.repeat(10_000)).length).toBe(MAX_REASON_CHARS + 3);
});
