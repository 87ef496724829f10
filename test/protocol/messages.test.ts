import { describe, expect, it } from 'vitest';
import { fail, HubError } from '../../base/errors.js';
import { FrameReader } from '../../protocol/frames.js';
import {
  clientMessages,
  decodeMessage,
  encodeMessage,
  errorFromWire,
  hubMessages,
  type Message,
  wireError,
} from '../../protocol/messages.js';
import { PROTOCOL_VERSION, versionMismatch } from '../../protocol/version.js';
import fc, { fuzz } from '../support/fast-check.js';

function payloadOf(message: Message): Uint8Array {
  let payload: Uint8Array | undefined;
  new FrameReader().push(encodeMessage(message), (frame) => {
    payload = frame.payload;
  });
  return payload ?? expect.unreachable();
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe('messages', () => {
  const all: Message[] = [
    { type: 'hello', protocol_version: 1, client: 'cli', version: '0.1.0' },
    { type: 'hello', protocol_version: 1, client: 'hub', version: '0.1.0', pid: 7, hub_id: 'ab' },
    { type: 'request', id: 1, method: 'eval', params: { code: 'return "é\\0"', args: [] } },
    { type: 'response', id: 1, ok: true, value: { a: [1, null] } },
    { type: 'response', id: 1, ok: false, error: { code: 'a.b', message: 'No.', details: { n: 1 } } },
    { type: 'event', name: 'session.exited', data: { code: 0 } },
    { type: 'error', code: 'a.b', message: 'No.' },
  ];
  it.each(all)('$type survives the wire', (message) => {
    expect(decodeMessage(payloadOf(message), [...hubMessages, ...clientMessages])).toEqual(message);
  });

  const refused: [string, string, string][] = [
    ['not JSON', '{', 'not JSON'],
    ['not an object', '[1]', 'an object expected'],
    ['no type', '{"id":1}', 'type: one of hello, request expected'],
    ['a type by inheritance', '{"type":"toString"}', 'type: one of hello, request expected'],
    [
      'a message of the other side',
      '{"type":"response","id":1,"ok":true}',
      'type: one of hello, request expected',
    ],
    ['a wrong field', '{"type":"request","id":"x","method":"a"}', 'request.id: integer expected, got string'],
    ['a negative id', '{"type":"request","id":-1,"method":"a"}', 'request.id: at least 0 expected, got -1'],
    [
      'a lone surrogate',
      '{"type":"request","id":1,"method":"\\ud800"}',
      'request.method: valid Unicode text expected',
    ],
    [
      'deep nesting',
      `{"type":"request","id":1,"method":"a","params":${'['.repeat(9999)}${']'.repeat(9999)}}`,
      'nested deeper',
    ],
  ];
  it.each(refused)('refuses %s', (_name, text, problem) => {
    const decode = () => decodeMessage(bytes(text), clientMessages);
    expect(decode).toThrow(expect.objectContaining({ code: 'protocol.message_invalid' }));
    expect(decode).toThrow(problem);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => decodeMessage(Uint8Array.of(0x22, 0xff, 0x22), clientMessages)).toThrow('not JSON in UTF-8');
  });

  it('throws nothing but coded errors, on any JSON', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((v) => `{"type":"request","id":1,"method":${v}}`),
        ),
        (text) => {
          try {
            decodeMessage(bytes(text), clientMessages);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(HubError);
          }
        },
      ),
      fuzz(500),
    );
  });
});

describe('errors', () => {
  it('keep code, message and details', () => {
    const error = fail('fs.not_found', 'No such file.', { path: '/x', size: 10n });
    const message: Message = { type: 'error', ...wireError(error) };
    const back = errorFromWire(decodeMessage(payloadOf(message), ['error']));
    expect(back).toMatchObject({
      code: error.code,
      message: error.message,
      details: { path: '/x', size: '10' },
    });
  });
});

describe('versions', () => {
  const speaker = (protocol_version: number) => ({
    protocol_version,
    version: `0.${protocol_version}`,
    client: 'cli',
  });

  it('agree with themselves', () => {
    expect(versionMismatch(speaker(PROTOCOL_VERSION), speaker(PROTOCOL_VERSION))).toBeUndefined();
  });

  it('name both sides and what to do about the older one', () => {
    const olderHub = versionMismatch(speaker(1), speaker(2));
    expect(olderHub?.message).toBe(
      'The hub (botster 0.1) speaks protocol 1, the cli (0.2) speaks protocol 2. The hub is the older one: ' +
        'restart it with "botster stop" and "botster start" of the newer version.',
    );
    const olderClient = versionMismatch(speaker(3), speaker(2));
    expect(olderClient).toMatchObject({
      code: 'protocol.version_mismatch',
      details: { hub_protocol: 3, client_protocol: 2 },
    });
    expect(olderClient?.message).toContain("update it to the hub's version");
  });
});
