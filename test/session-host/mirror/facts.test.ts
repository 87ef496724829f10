import { expect, test } from 'vitest';
import { BELLS_PER_SECOND, NOTIFICATIONS_PER_SECOND } from '../../../session-host/mirror/facts.js';
import type { MirrorFact } from '../../../session-host/mirror/mirror-types.js';
import { MAX_TITLE_CHARS } from '../../../session-host/mirror/modes.js';
import { newScreen, nothingSaid } from './screens.js';

function factsOf(output: string): MirrorFact[] {
  const said = nothingSaid();
  const screen = newScreen({ said });
  screen.write(Buffer.from(output));
  screen.flush();
  return said.facts;
}

const st = '\x1b\\';

test.each<[string, string, MirrorFact[]]>([
  ['OSC 2', '\x1b]2;a title\x07', [{ type: 'title', title: 'a title' }]],
  ['OSC 0', `\x1b]0;a; title ü${st}`, [{ type: 'title', title: 'a; title ü' }]],
  ['OSC 1 is the icon only', '\x1b]1;icon\x07', []],
  [
    'the stack of titles',
    '\x1b]2;one\x07\x1b[22;0t\x1b]2;two\x07\x1b[23;0t',
    [{ type: 'title', title: 'one' }],
  ],
  [
    'overrides of direction are no part of a title',
    '\x1b]2;a\u202eb\u2066c\x07',
    [{ type: 'title', title: 'abc' }],
  ],
  ['OSC 7', '\x1b]7;file://host/home/%C3%BC%20x\x07', [{ type: 'cwd', cwd: '/home/ü x' }]],
  ['OSC 7 without a host', '\x1b]7;file:///tmp\x07', [{ type: 'cwd', cwd: '/tmp' }]],
  ['OSC 7 of kitty', '\x1b]7;kitty-shell-cwd://host/a%20b\x07', [{ type: 'cwd', cwd: '/a%20b' }]],
  ['OSC 7 that is no URL of a file', '\x1b]7;http://host/x\x07\x1b]7;file:///%zz\x07\x1b]7;nonsense\x07', []],
  ['OSC 9;9', '\x1b]9;9;"/tmp/x"\x07', [{ type: 'cwd', cwd: '/tmp/x' }]],
  ['a bell', '\x07', [{ type: 'bell' }]],
  ['no bell at the end of a string', '\x1b]2;x\x07', [{ type: 'title', title: 'x' }]],
  ['OSC 9', '\x1b]9;done!\x07', [{ type: 'notification', body: 'done!' }]],
  ['OSC 9 that is progress', '\x1b]9;4;1;50\x07\x1b]9;4;0\x07\x1b]9;12\x07', []],
  ['OSC 9 that begins with a number', '\x1b]9;42 tests\x07', [{ type: 'notification', body: '42 tests' }]],
  ['OSC 777', '\x1b]777;notify;T;b;c\x07', [{ type: 'notification', title: 'T', body: 'b;c' }]],
  ['OSC 777 of another kind', '\x1b]777;other;T;b\x07', []],
  ['OSC 99', '\x1b]99;;hello\x07', [{ type: 'notification', body: 'hello' }]],
  [
    'OSC 99 in chunks',
    `\x1b]99;i=1:d=0;Hel${st}\x1b]99;i=2:d=0;other${st}\x1b]99;i=1:d=0;lo${st}\x1b]99;i=1:p=body;text${st}`,
    [{ type: 'notification', title: 'Hello', body: 'text' }],
  ],
  ['OSC 99 in base64', `\x1b]99;i=1:e=1;aMOpbGxv${st}`, [{ type: 'notification', body: 'héllo' }]],
  ['OSC 99 that asks or closes', `\x1b]99;i=1:p=?;${st}\x1b]99;i=1:p=close;${st}\x1b]99;x${st}`, []],
  [
    'prompt marks',
    '\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x07\x1b]133;D;2\x07\x1b]133;D\x07\x1b]133;E\x07',
    [
      { type: 'prompt', mark: 'A' },
      { type: 'prompt', mark: 'B' },
      { type: 'prompt', mark: 'C' },
      { type: 'prompt', mark: 'D', exit_code: 2 },
      { type: 'prompt', mark: 'D' },
    ],
  ],
  ['prompt marks with options', '\x1b]133;A;cl=m;aid=1\x07', [{ type: 'prompt', mark: 'A' }]],
  [
    'prompt marks of VS Code',
    '\x1b]633;D;0\x07\x1b]633;E;ls\x07',
    [{ type: 'prompt', mark: 'D', exit_code: 0 }],
  ],
])('%s', (_name, output, facts) => {
  expect(factsOf(output)).toEqual(facts);
});

test('texts have a largest length', () => {
  const [title] = factsOf(`\x1b]2;${'x'.repeat(5_000)}\x07`);
  expect(title).toEqual({ type: 'title', title: 'x'.repeat(MAX_TITLE_CHARS) });
});

test('a string that is longer than any has no effect', () => {
  expect(factsOf(`\x1b]2;${'x'.repeat(70_000)}\x07after`)).toEqual([]);
});

test('facts come at a bounded rate, and what is dropped is counted', () => {
  const said = nothingSaid();
  let nowMs = 0;
  const screen = newScreen({ said, nowMs: () => nowMs });
  const count = (type: string): number => said.facts.filter((fact) => fact.type === type).length;
  screen.write(Buffer.from('\x07'.repeat(50)));
  expect(count('bell')).toBe(1);
  screen.write(Buffer.from('\x1b]9;x\x07'.repeat(50)));
  expect(count('notification')).toBe(NOTIFICATIONS_PER_SECOND);
  for (; nowMs < 1_000; nowMs += 10) screen.write(Buffer.from('\x07'));
  expect(count('bell')).toBeLessThanOrEqual(1 + BELLS_PER_SECOND);
  expect(count('bell')).toBeGreaterThanOrEqual(BELLS_PER_SECOND - 1);
  expect(said.counts).toContain('mirror.bell_dropped');
  expect(said.counts.filter((name) => name === 'mirror.notification_dropped')).toHaveLength(30);
});

test('modes tell what clients must know', () => {
  const modes = (output: string): unknown => factsOf(output).find(({ type }) => type === 'modes');
  expect(modes('\x1b[?1002h\x1b[?1006h')).toMatchObject({ modes: { mouse: 'drag' } });
  expect(modes('\x1b[?25l\x1b[>1u')).toMatchObject({ modes: { cursor_visible: false, kitty_keyboard: 1 } });
  expect(modes('\x1b[?1049h\x1b[?1h\x1b[?1004h')).toMatchObject({
    modes: { alternate_screen: true, application_cursor: true, focus_reporting: true },
  });
  expect(modes('\x1b[?1049h\x1b[?1049l')).toBeUndefined();
});
