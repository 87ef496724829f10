/** What is read from outside: base64url, connection codes, envelopes, payloads. Nothing of it throws, whatever comes. */

import { describe, expect, it, test } from 'vitest';
import { HubError } from '../../base/errors.js';
import { fromBase64url, toBase64url } from '../../pairing/base64url.js';
import { formatConnectionCode, parseConnectionCode } from '../../pairing/connection-code.js';
import { formatHandshake, formatSealed, readEnvelope, sealedHead } from '../../pairing/envelope.js';
import { readDeviceGreeting, readHubGreeting, readSignal, signalText } from '../../pairing/payloads.js';
import { MAX_ENVELOPE_BYTES, MAX_ENVELOPE_TEXT } from '../../protocol/signals.js';
import fc, { fuzz } from '../support/fast-check.js';

const runs = fuzz(2_000);
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe('base64url', () => {
  it('is what Node writes and reads', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url');
        expect(toBase64url(bytes)).toBe(text);
        expect(fromBase64url(text, 200)).toEqual(bytes);
      }),
      runs,
    );
  });

  it('has one text for each bytes, and refuses all others', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40, unit: fc.constantFrom(...'AaBbZz019-_=+/ é\n') }), (text) => {
        const bytes = fromBase64url(text, 100);
        if (bytes !== undefined) expect(toBase64url(bytes)).toBe(text);
      }),
      runs,
    );
    expect(fromBase64url('AB', 10)).toBeUndefined();
    expect(fromBase64url('AAAA', 2)).toBeUndefined();
  });
});

describe('a connection code', () => {
  const code = { hubKey: new Uint8Array(32).fill(7), secret: new Uint8Array(16).fill(9) };
  const text = formatConnectionCode(code);

  it('is read from a URL, a fragment, or as it is', () => {
    for (const input of [
      text,
      `#${text}`,
      `http://127.0.0.1:4171/#${text}`,
      ` https://relay.example/x?y=1#${text}\n`,
    ])
      expect(parseConnectionCode(input)).toEqual(code);
  });

  it.each([
    ['', 'nothing behind'],
    ['http://127.0.0.1:4171/', 'characters'],
    ['http://127.0.0.1:4171/#', 'nothing behind'],
    [text.slice(0, -4), 'missing'],
    [`${text}AAAA`, 'does not belong'],
    [text.replace('AQ', 'Ag'), 'version'],
    ['x'.repeat(5_000), 'too long'],
  ])('%j is refused with the reason', (input, reason) => {
    const refused = parseConnectionCode(input);
    expect(refused).toMatchObject({
      code: 'pairing.bad_code',
      message: expect.stringContaining(reason) as string,
    });
  });

  it('comes back as it was, and no other text is it', () => {
    fc.assert(
      fc.property(bytesOf(32), bytesOf(16), (hubKey, secret) => {
        expect(parseConnectionCode(formatConnectionCode({ hubKey, secret }))).toEqual({ hubKey, secret });
      }),
      runs,
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (input) => {
        const read = parseConnectionCode(input);
        if (!(read instanceof HubError))
          expect(formatConnectionCode(read)).toBe(input.trim().split('#').pop());
      }),
      runs,
    );
  });

  it('is not repeated in a failure: it may be a secret', () => {
    const refused = parseConnectionCode(`${text}!`);
    expect((refused as HubError).message).not.toContain(text.slice(0, 10));
  });
});

describe('envelopes', () => {
  it('come back as they were', () => {
    const content = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(
        fc.constantFrom('pair', 'connect', 'reply'),
        bytesOf(8),
        content,
        (kind, connectionId, content) => {
          const envelope = { kind, connectionId, content } as const;
          expect(readEnvelope(formatHandshake(envelope))).toEqual(envelope);
        },
      ),
      runs,
    );
    fc.assert(
      fc.property(bytesOf(8), fc.maxSafeNat(), content, (connectionId, counter, content) => {
        const head = sealedHead(connectionId, counter);
        const read = readEnvelope(formatSealed(head, content));
        expect(read).toEqual({ kind: 'sealed', connectionId, counter, content, head });
      }),
      runs,
    );
  });

  it('of any bytes are read or refused, never thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const read = readEnvelope(toBase64url(bytes));
        if (read instanceof HubError) expect(read.code).toBe('pairing.malformed');
        else expect(read.content.length).toBeLessThanOrEqual(bytes.length);
      }),
      runs,
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => void readEnvelope(text)),
      runs,
    );
  });

  it('are measured before they are decoded', () => {
    expect(readEnvelope('A'.repeat(MAX_ENVELOPE_TEXT + 1))).toMatchObject({ code: 'pairing.oversized' });
    // 256 MB of text: nothing is allocated for it.
    expect(readEnvelope('A'.repeat(2 ** 28))).toMatchObject({ code: 'pairing.oversized' });
    const largest = toBase64url(new Uint8Array(MAX_ENVELOPE_BYTES).fill(1));
    expect(readEnvelope(largest)).toMatchObject({ kind: 'pair' });
  });

  it('with a counter beyond all counting are malformed', () => {
    const head = sealedHead(new Uint8Array(8), 0).fill(0xff, 9);
    expect(readEnvelope(formatSealed(head, new Uint8Array(20)))).toMatchObject({ code: 'pairing.malformed' });
  });
});

describe('payloads', () => {
  const readers = [readSignal, readDeviceGreeting, readHubGreeting];
  const utf8 = new TextEncoder();

  test('of any bytes are read or refused, never thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const read of readers) expect(read(bytes)).toBeUndefined();
      }),
      runs,
    );
  });

  test('of any JSON are as declared, or refused', () => {
    const types = fc.constantFrom('offer', 'answer', 'candidate', 'rekey', '__proto__', 'constructor');
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({ type: types, sdp: fc.jsonValue(), candidate: fc.jsonValue(), sdp_mid: fc.jsonValue() }),
      fc.record({ sent_ms: fc.jsonValue(), name: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(value, (json) => {
        for (const read of readers) read(utf8.encode(JSON.stringify(json)));
        const signal = readSignal(utf8.encode(JSON.stringify(json)));
        if (signal !== undefined) expect(readSignal(signalText(signal) as Uint8Array)).toEqual(signal);
      }),
      runs,
    );
  });

  test('have their declared fields only', () => {
    const read = readSignal(utf8.encode('{"type":"rekey","__proto__":{"x":1},"identity":"other","sdp":"x"}'));
    expect(read).toEqual({ type: 'rekey' });
    expect(Object.keys(read ?? {})).toEqual(['type']);
  });

  test('that are too large do not go', () => {
    expect(signalText({ type: 'offer', sdp: 'x'.repeat(32 * 1024) })).toBeDefined();
    expect(signalText({ type: 'offer', sdp: 'x'.repeat(32 * 1024 + 1) })).toBeUndefined();
    expect(signalText({ type: 'offer', sdp: '\n'.repeat(32 * 1024) })).toBeUndefined();
    expect(signalText({ type: 'nonsense' } as never)).toBeUndefined();
  });
});
