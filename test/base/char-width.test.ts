import { expect, test } from 'vitest';
import { charWidth } from '../../base/char-width.js';

test.each([
  ['letters and lines', 'aé߿─│╭▒█', 1],
  ['symbols that are text by default', '❤☀✔⏺✻●•…—', 1],
  ['ideographs, kana, hangul, fullwidth forms', '漢一ハ。가Ａ￥㐀', 2],
  ['emoji', '🚀✅⌚⏩🥰🫠🪿🫩', 2],
  ['halves of flags', '🇩🇪', 1],
  ['marks and what is invisible', '\u0301\u20dd\ufe0f\u200b\u200d\u2060\u3099\u{e0100}', 0],
  ['vowels that join a syllable', 'ᅡᆨ', 0],
  ['controls', '\x00\x1b\x7f\u0085', 0],
  ['the soft hyphen', '\u00ad', 1],
  ['planes of ideographs', '\u{20000}\u{2fffd}\u{30000}', 2],
  ['the end of Unicode', '\u{10ffff}', 1],
])('%s', (_name, text, width) => {
  for (const char of text) expect(charWidth(char.codePointAt(0)!), char).toBe(width);
});
