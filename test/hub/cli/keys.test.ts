import { describe, expect, it } from 'vitest';
import { type Key, keyBytes, parseKeys, shownKeys } from '../../../hub/cli/keys.js';

function keys(text: string): Key[] {
  const parsed = parseKeys(text);
  if (parsed instanceof Error) throw parsed;
  return parsed;
}

describe('keys by name', () => {
  const cases: [string, string][] = [
    ['ctrl-c', '\u0003'],
    ['Ctrl-P,ctrl-q', '\u0010\u0011'],
    ['ctrl-\\,ctrl-\\', '\u001c\u001c'],
    ['ctrl-],d', '\u001dd'],
    ['ctrl-space,ctrl-@', '\u0000\u0000'],
    ['C-x', '\u0018'],
    ['X,x, ,é', 'Xx é'],
    ['up,enter', '\u001b[A\r'],
    ['escape,f5,tab,comma', '\u001b\u001b[15~\t,'],
  ];
  it.each(cases)('%s', (text, bytes) => expect(keyBytes(keys(text), false)).toBe(bytes));

  it('cursor keys follow the mode of the program', () => {
    expect(keyBytes(keys('up,home,f5'), true)).toBe('\u001bOA\u001bOH\u001b[15~');
  });

  it('are shown as people write them', () => {
    expect(shownKeys(keys('ctrl-\\,ctrl-p,d,f5,Q'))).toBe('Ctrl-\\ Ctrl-p d F5 Q');
  });

  it.each(['', 'ctrl-', 'ctrl-ab', 'ctrl-1', 'nokey', 'a,,b', 'alt-x'])('%j is explained', (text) => {
    expect(parseKeys(text)).toMatchObject({
      code: 'cli.unknown_key',
      message: expect.stringContaining('pageup'),
    });
  });
});
