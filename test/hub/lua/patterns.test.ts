/** The interruptible matcher against the C library's: same results, same errors, for any pattern. */

import { describe, expect, it } from 'vitest';
import { isWellFormed } from '../../../hub/lua/pattern-check.js';
import { PatternError, PatternMatcher } from '../../../hub/lua/patterns.js';
import { BareLua } from '../../support/bare-lua.js';
import fc from '../../support/fast-check.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** What string.find would return, by our matcher: null for no match, a string for an error. */
function find(subject: string, pattern: string): unknown[] | null | string {
  const anchored = pattern.startsWith('^');
  const view = bytes(subject);
  const matcher = new PatternMatcher(view, bytes(pattern), () => undefined);
  try {
    for (let start = 0; start <= view.length; start++) {
      const end = matcher.matchAt(start, anchored ? 1 : 0);
      if (end >= 0) {
        const captures = matcher
          .captures()
          .map((one) => ('position' in one ? one.position : subject.slice(one.start, one.end)));
        return [start + 1, end, ...captures];
      }
      if (anchored) break;
    }
    return null;
  } catch (thrown) {
    if (thrown instanceof PatternError) return thrown.message;
    throw thrown;
  }
}

/** Pieces that make patterns likely to be well formed, and some that make them malformed. */
const piece = fc.constantFrom(
  ...[
    'a',
    'b',
    'c',
    '.',
    '%a',
    '%d',
    '%s',
    '%w',
    '%p',
    '%A',
    '%x',
    '%u',
    '[abc]',
    '[^a]',
    '[a-c]',
    '[%a_]',
    '[]]',
    '[^]a]',
  ],
  ...[
    'a*',
    'b+',
    '.-',
    '.*',
    'c?',
    '[ab]*',
    '%a+',
    '(',
    ')',
    '()',
    '(a)',
    '(.-)',
    '%1',
    '%2',
    '%b()',
    '%bab',
    '%f[%w]',
    '%f[^a]',
  ],
  ...[
    '^',
    '$',
    '%',
    '[',
    '[^',
    '%f',
    '%b',
    '%bx',
    '-',
    '*',
    '%0',
    '%%',
    '%.',
    '[a-',
    '[%',
    '\0',
    '[\0-\x1f]',
  ],
);
const pattern = fc.array(piece, { maxLength: 7 }).map((parts) => parts.join(''));
const subject = fc.string({ unit: fc.constantFrom(...'aaabbc()_ 1.\0A-'), maxLength: 14 });

describe('patterns', () => {
  it('find what the C library finds, and fail as it fails', () => {
    const lua = new BareLua();
    fc.assert(
      fc.property(subject, pattern, (s, p) => {
        // without specials, string.find does not match but compares
        fc.pre(/[\^$*+?.([%-]/.test(p));
        const [ok, ...results] = lua.call('return pcall(string.find, ...)', bytes(s), bytes(p));
        const expected =
          ok === true ? (results[0] === undefined ? null : results.map(text)) : String(results[0]);
        expect(find(s, p)).toEqual(expected);
        if (isWellFormed(bytes(p))) expect(ok).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuse too many captures and too deep patterns like the C library', () => {
    const lua = new BareLua();
    const hard: [string, string][] = [
      ['a', '('.repeat(33)],
      ['a'.repeat(40), '(a)'.repeat(33)],
      ['a'.repeat(300), 'a?'.repeat(250)],
      ['x', '()'.repeat(33)],
    ];
    for (const [s, p] of hard) {
      const [, ...results] = lua.call('return pcall(string.find, ...)', s, p);
      expect(find(s, p)).toEqual(typeof results[0] === 'string' ? results[0] : results.map(text));
    }
  });

  it('look at the time while they work, and stop when told', () => {
    let looks = 0;
    const stop = (): void => {
      if (++looks === 50) throw new Error('enough');
    };
    const matcher = new PatternMatcher(bytes('a'.repeat(300)), bytes(`${'a-'.repeat(6)}b`), stop);
    expect(() => matcher.matchAt(0)).toThrow('enough');
    looks = 0;
    const [hay, needle] = [bytes('a'.repeat(1e6)), bytes(`${'a'.repeat(1e4)}b`)];
    expect(() => PatternMatcher.indexOf(hay, needle, 0, stop)).toThrow('enough');
  });
});

function text(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
}
