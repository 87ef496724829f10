import { expect, test } from 'vitest';
import { newScreen, nothingSaid } from './screens.js';

/** What the terminal answers to this, as one text. */
function answersTo(output: string, { rows = 24, cols = 80 } = {}): string {
  const said = nothingSaid();
  newScreen({ rows, cols, said }).write(Buffer.from(output));
  return said.replies.join('');
}

const st = '\x1b\\';

test.each([
  ['DA1', '\x1b[c\x1b[0c', '\x1b[?62;22c\x1b[?62;22c'],
  ['DA2', '\x1b[>c\x1b[>0c', '\x1b[>41;388;0c\x1b[>41;388;0c'],
  ['DA3', '\x1b[=c', `\x1bP!|00000000${st}`],
  ['DA of others', '\x1b[1c\x1b[>1c', ''],
  ['XTVERSION', '\x1b[>q\x1b[>0q', `\x1bP>|botster${st}\x1bP>|botster${st}`],
  ['status', '\x1b[5n', '\x1b[0n'],
  ['cursor position', '\x1b[5;7H\x1b[6n', '\x1b[5;7R'],
  ['cursor position with a pending wrap', '\x1b[1;80Hx\x1b[6n', '\x1b[1;80R'],
  ['cursor position in origin mode', '\x1b[5;10r\x1b[?6h\x1b[2;3H\x1b[6n', '\x1b[2;3R'],
  ['DECXCPR', '\x1b[5;7H\x1b[?6n', '\x1b[?5;7;1R'],
  ['colour scheme', '\x1b[?996n', '\x1b[?997;1n'],
  ['colour scheme after a light background', '\x1b]11;#ffffff\x07\x1b[?996n', '\x1b[?997;2n'],
  ['text area in pixels', '\x1b[14t', '\x1b[4;480;800t'],
  ['cell in pixels', '\x1b[16t', '\x1b[6;20;10t'],
  ['size', '\x1b[18t\x1b[19t', '\x1b[8;24;80t\x1b[9;24;80t'],
  ['titles are not told', '\x1b]2;rm -rf\x07\x1b[20t\x1b[21t', ''],
  [
    'kitty keyboard',
    '\x1b[?u\x1b[>5u\x1b[?u\x1b[=2;2u\x1b[?u\x1b[<u\x1b[?u',
    '\x1b[?0u\x1b[?5u\x1b[?7u\x1b[?0u',
  ],
  ['kitty keyboard of each screen', '\x1b[>1u\x1b[?1049h\x1b[?u\x1b[?1049l\x1b[?u', '\x1b[?0u\x1b[?1u'],
  ['modifyOtherKeys', '\x1b[?4m\x1b[>4;2m\x1b[?4m', '\x1b[>4;0m\x1b[>4;2m'],
  [
    'OSC 10 and 11',
    '\x1b]10;?\x07\x1b]11;?\x07',
    `\x1b]10;rgb:e5e5/e5e5/e5e5${st}\x1b]11;rgb:1e1e/1e1e/1e1e${st}`,
  ],
  [
    'OSC 10 with two questions',
    '\x1b]10;?;?\x07',
    `\x1b]10;rgb:e5e5/e5e5/e5e5${st}\x1b]11;rgb:1e1e/1e1e/1e1e${st}`,
  ],
  ['OSC 12 follows the text', '\x1b]10;#ff0000\x07\x1b]12;?\x07', `\x1b]12;rgb:ffff/0000/0000${st}`],
  ['OSC 4', '\x1b]4;1;?;231;?\x07', `\x1b]4;1;rgb:cccc/0000/0000${st}\x1b]4;231;rgb:ffff/ffff/ffff${st}`],
  [
    'OSC 4 set and reset',
    '\x1b]4;1;rgb:1/2/3;1;?\x07\x1b]104;1\x07\x1b]4;1;?\x07',
    `\x1b]4;1;rgb:1111/2222/3333${st}\x1b]4;1;rgb:cccc/0000/0000${st}`,
  ],
  ['the clipboard is not told', '\x1b]52;c;?\x07', ''],
  [
    'DECRQSS of attributes',
    `\x1b[1;4:3;38;2;1;2;3;44;58:5:9m\x1bP$qm${st}`,
    `\x1bP1$r0;1;4:3;38;2;1;2;3;44;58:5:9m${st}`,
  ],
  ['DECRQSS of no attributes', `\x1bP$qm${st}`, `\x1bP1$r0m${st}`],
  ['DECRQSS of margins', `\x1b[3;9r\x1bP$qr${st}`, `\x1bP1$r3;9r${st}`],
  ['DECRQSS of the cursor', `\x1bP$q q${st}\x1b[5 q\x1bP$q q${st}`, `\x1bP1$r2 q${st}\x1bP1$r5 q${st}`],
  ['DECRQSS of something else', `\x1bP$qx${st}`, `\x1bP0$r${st}`],
  [
    'XTGETTCAP',
    `\x1bP+q544e;436f;6162${st}`,
    `\x1bP1+r544e=787465726D2D323536636F6C6F72${st}\x1bP1+r436f=323536${st}\x1bP0+r6162${st}`,
  ],
  [
    'DECRQM of ANSI modes',
    '\x1b[4$p\x1b[4h\x1b[4$p\x1b[20$p\x1b[99$p',
    '\x1b[4;2$y\x1b[4;1$y\x1b[20;2$y\x1b[99;0$y',
  ],
  ['in the middle of text', 'ab\x1b[6ncd\x1b[6n', '\x1b[1;3R\x1b[1;5R'],
])('%s', (_name, output, answer) => {
  expect(answersTo(output)).toBe(answer);
});

test.each([
  1, 5, 6, 9, 12, 25, 45, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 1049, 2004, 2026,
])('DECRQM of mode %d follows the mode', (mode) => {
  const ask = `\x1b[?${mode}$p`;
  expect(answersTo(`\x1b[?${mode}h${ask}\x1b[?${mode}l${ask}`)).toBe(`\x1b[?${mode};1$y\x1b[?${mode};2$y`);
});

test('modes that no terminal of ours has are not recognized', () => {
  expect(answersTo('\x1b[?2027$p\x1b[?2031$p\x1b[?2048$p')).toBe(
    '\x1b[?2027;0$y\x1b[?2031;0$y\x1b[?2048;0$y',
  );
});
