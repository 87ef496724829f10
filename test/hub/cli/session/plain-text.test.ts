import { describe, expect, it } from 'vitest';
import { PlainText } from '../../../../hub/cli/session/plain-text.js';
import fc from '../../../support/fast-check.js';

function plain(...pieces: (string | Uint8Array)[]): string {
  const text = new PlainText();
  return pieces.map((piece) => text.push(Buffer.from(piece as string))).join('');
}

describe('plain text of terminal output', () => {
  const cases: [string, string][] = [
    ['\u001b[31mred\u001b[m text', 'red text'],
    ['\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'alink'],
    ['one\r\ntwo\r\r\nthree\n', 'one\ntwo\nthree\n'],
    ['10 %\r20 %\n', '10 %\n20 %\n'],
    ['\u001bP1$r0m\u001b\\a\u001b(Bb\u001b7c\u001b=d\u0007e\u0008\u0000', 'abcde'],
    ['tab\there', 'tab\there'],
    ['caf\u00e9 \u65e5\u672c', 'caf\u00e9 \u65e5\u672c'],
  ];
  it.each(cases)('%j', (text, expected) => {
    // What is held at the end is decided by one more character.
    expect(plain(text, '.')).toBe(`${expected}.`);
  });

  it('is the same however it is cut', () => {
    const unit = fc.constantFrom(
      'a',
      '\u001b',
      '[',
      '3',
      'm',
      ']',
      '\u0007',
      '\\',
      '\r',
      '\n',
      'P',
      '\u00e9',
      '(',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), fc.nat(40), (text, at) => {
        const bytes = Buffer.from(text);
        expect(plain(bytes.subarray(0, at), bytes.subarray(at), '\n\u001b[m.')).toBe(
          plain(bytes, '\n\u001b[m.'),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
