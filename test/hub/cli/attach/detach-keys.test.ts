import { describe, expect, it } from 'vitest';
import { DetachKeys } from '../../../../hub/cli/attach/detach-keys.js';
import { type Key, parseKeys } from '../../../../hub/cli/keys.js';
import fc from '../../../support/fast-check.js';

const keys = (text: string): Key[] => parseKeys(text) as Key[];

/** What goes on to the session, and whether the keys came. */
function type(detachKeys: DetachKeys, ...pieces: string[]): { text: string; detach: boolean } {
  let text = '';
  for (const piece of pieces) {
    const { forward, detach } = detachKeys.push(Buffer.from(piece));
    text += Buffer.from(forward).toString();
    if (detach) return { text, detach };
  }
  return { text, detach: false };
}

const twice = () => new DetachKeys(keys('ctrl-\\,ctrl-\\'));

describe('the keys', () => {
  it('detach, at once or one by one; what was typed before goes on', () => {
    expect(type(twice(), '\u001c\u001c')).toEqual({ text: '', detach: true });
    expect(type(twice(), 'abc\u001c', '\u001cdef')).toEqual({ text: 'abc', detach: true });
    expect(type(new DetachKeys(keys('ctrl-],d')), '\u001d', 'd')).toEqual({ text: '', detach: true });
    expect(type(new DetachKeys(keys('a,a,b')), 'aaab')).toEqual({ text: 'a', detach: true });
  });

  it('wait for each other, and go on in order when another key comes', () => {
    const detachKeys = twice();
    expect(type(detachKeys, '\u001c')).toEqual({ text: '', detach: false });
    expect(detachKeys.holds).toBe(true);
    expect(type(detachKeys, 'x')).toEqual({ text: '\u001cx', detach: false });
    expect(detachKeys.holds).toBe(false);
    type(detachKeys, '\u001c');
    expect(Buffer.from(detachKeys.flush()).toString()).toBe('\u001c');
    expect(type(detachKeys, '\u001c', 'y')).toEqual({ text: '\u001cy', detach: false });
  });

  const kitty: [string, string[]][] = [
    ['disambiguated', ['\u001b[92;5u', '\u001b[92;5u']],
    ['with Num Lock', ['\u001b[92;133u', '\u001b[92;133u']],
    ['with releases', ['\u001b[92;5:1u', '\u001b[92;5:3u', '\u001b[92;5:1u']],
    [
      'with Control as a key',
      ['\u001b[57442;5u', '\u001b[92;5u', '\u001b[92;5:3u', '\u001b[57442;5u', '\u001b[92;5u'],
    ],
    ['on a key that has another place', ['\u001b[228::92;5u', '\u001b[228::92;5u']],
    ['modifyOtherKeys', ['\u001b[27;5;92~', '\u001b[27;5;92~']],
    ['mixed', ['\u001c', '\u001b[92;5u']],
  ];
  it.each(kitty)('in the newer keyboard protocols: %s', (_name, pieces) => {
    expect(type(twice(), ...pieces).detach).toBe(true);
  });

  it('other keys of those protocols do not', () => {
    for (const other of ['\u001b[92;6u', '\u001b[92u', '\u001b[93;5u', '\u001b[A', '\u001b[<0;3;3M']) {
      expect(type(twice(), other, other)).toEqual({ text: other + other, detach: false });
    }
  });

  it('what is pasted is not typed', () => {
    const paste = '\u001b[200~a\u001c\u001cb\u001b[201~';
    expect(type(twice(), paste)).toEqual({ text: paste, detach: false });
    expect(type(twice(), '\u001b[200~a', '\u001c\u001c', 'b\u001b[201~', '\u001c\u001c')).toEqual({
      text: paste,
      detach: true,
    });
  });

  it('everything else goes on as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (pieces) => {
        const detachKeys = new DetachKeys(keys('ctrl-\\,q,w,e,r,t'));
        const forwarded = pieces.map((piece) => Buffer.from(detachKeys.push(piece).forward));
        expect(Buffer.concat([...forwarded, detachKeys.flush()])).toEqual(Buffer.concat(pieces));
      }),
    );
  });
});
