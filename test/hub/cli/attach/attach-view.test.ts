import { Terminal } from '@xterm/headless';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AttachView, SETTLE_MS } from '../../../../hub/cli/attach/attach-view.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const SIZE = { rows: 6, cols: 40 };

/** A view on an emulator that is the user's terminal. */
function setUp(size = SIZE) {
  const clock = new VirtualClock();
  const terminal = new Terminal({ ...size, scrollback: 1_000, allowProposedApi: true });
  onTestFinished(() => terminal.dispose());
  const calls = { granted: 0, refreshes: 0, texts: 0 };
  let offset = 0;
  const view = new AttachView({
    size,
    clock,
    firstNotice: 'the notice',
    clippedHint: 'the hint',
    ports: {
      write: (data, consumed) => {
        terminal.write(data);
        calls.granted += consumed;
      },
      wantScreen: () => void calls.refreshes++,
      wantText: () => void calls.texts++,
    },
  });
  const flushed = () => new Promise<void>((resolve) => terminal.write('', resolve));
  return {
    view,
    clock,
    terminal,
    calls,
    snapshot: (text: string, at = size) => {
      view.snapshot({ offset, ...at, bytes: Buffer.from(text) });
    },
    output: (text: string, at = offset) => {
      const bytes = Buffer.from(text);
      const taken = view.output({ offset: at, bytes });
      if (taken) offset = at + bytes.length;
      return taken;
    },
    write: (text: string) => terminal.write(text),
    lines: async () => {
      await flushed();
      const { active } = terminal.buffer;
      const all = Array.from({ length: active.length }, (_, row) =>
        (active.getLine(row)?.translateToString(true) ?? '').trimEnd(),
      );
      while (all.at(-1) === '') all.pop();
      return all;
    },
  };
}

describe('the first screen', () => {
  it('shows with the notice over its last row, until a key comes', async () => {
    const { view, calls, snapshot, output, lines } = setUp();
    snapshot('1\r\n2\r\n3\r\n4\r\n5\r\n$ ');
    expect((await lines()).at(-1)).toBe(' the notice');
    expect(calls.granted).toBe(17);
    output('ls\r\n');
    expect((await lines()).at(-1)).toBe(' the notice');
    view.typed();
    expect(await lines()).toEqual(['1', '2', '3', '4', '5', '$ ls']);
    expect(calls.granted).toBe(21);
    output('file');
    expect((await lines()).at(-1)).toBe('file');
  });

  it('waits with output for a second at most, and stays three without any', async () => {
    const { clock, snapshot, output, lines } = setUp();
    snapshot('$ ');
    clock.advance(2_900);
    expect((await lines()).at(-1)).toBe(' the notice');
    clock.advance(100);
    expect(await lines()).toEqual(['$']);

    const busy = setUp();
    busy.snapshot('$ ');
    busy.output('working');
    busy.clock.advance(999);
    expect((await busy.lines()).at(-1)).toBe(' the notice');
    busy.clock.advance(1);
    expect(await busy.lines()).toEqual(['$ working']);
    expect(clock.pendingTimers + busy.clock.pendingTimers).toBe(0);
    output('');
  });

  it('takes nothing of what was on the terminal before but the screen', async () => {
    const { view, write, snapshot, lines, terminal } = setUp();
    write('\u001b[?1003;2004;1049h\u001b[2;3r\u001b[31m\u001b[?25;7l\u001b[5;5Hjunk\u001b]0;cut title');
    snapshot('clean');
    view.typed();
    expect(await lines()).toEqual(['clean']);
    expect(terminal.buffer.active.type).toBe('normal');
    expect(terminal.modes).toMatchObject({
      mouseTrackingMode: 'none',
      bracketedPasteMode: false,
      wraparoundMode: true,
    });
    expect(terminal.buffer.active.getLine(0)?.getCell(0)?.isFgDefault()).toBe(true);
  });
});

describe('output', () => {
  it('is shown once, and a hole is noticed', async () => {
    const { view, snapshot, output, lines, calls } = setUp();
    snapshot('');
    view.typed();
    expect(output('one ')).toBe(true);
    expect(output('hole', 100)).toBe(false);
    expect(output('one ', 0)).toBe(true);
    expect(output('e two', 2)).toBe(true);
    expect(await lines()).toEqual(['one two']);
    // What was shown before is consumed all the same.
    expect([calls.granted, view.position]).toEqual([13, 7]);
  });

  it('the screen comes anew at its place in the stream, and no line is in the scrollback twice', async () => {
    const { view, output, snapshot, lines, calls } = setUp();
    snapshot('');
    view.typed();
    output('1\r\n2\r\n3\r\n4\r\n5\r\nover');
    view.refresh();
    view.refresh();
    expect(calls.refreshes).toBe(1);
    // The screen after line 9; the output has not got there.
    view.screen({ ...SIZE, offset: 32, bytes: Buffer.from('5\r\n6\r\n7\r\n8\r\n9\r\n') });
    output('\r6\r\n7\r\n');
    expect((await lines()).slice(-3)).toEqual(['5', '6ver', '7']);
    output('8\r\n9\r\n10\r\n11\r\n');
    expect(await lines()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11']);
    expect(calls.granted).toBe(40);
  });

  it('a screen that is older than what shows is not gone back to', async () => {
    const { view, clock, output, snapshot, lines, calls } = setUp();
    snapshot('');
    view.typed();
    output('one\r\ntwo\r\n');
    view.refresh();
    view.screen({ ...SIZE, offset: 5, bytes: Buffer.from('one\r\n') });
    expect([view.position, calls.refreshes]).toEqual([10, 1]);
    expect(await lines()).toEqual(['one', 'two']);
    clock.advance(100);
    expect(calls.refreshes).toBe(2);
    view.screen(undefined);
    clock.advance(100);
    expect(calls.refreshes).toBe(3);
    view.screen({ ...SIZE, offset: 10, bytes: Buffer.from('true') });
    expect(await lines()).toEqual(['true']);
    clock.advance(10_000);
    expect(calls.refreshes).toBe(3);
  });

  it('has no questions in it, also when they are cut', async () => {
    const { view, terminal, snapshot, output, lines } = setUp();
    const answers: string[] = [];
    terminal.onData((data) => void answers.push(data));
    snapshot('\u001b[6n');
    view.typed();
    for (const piece of ['a\u001b[', '6', 'nb\u001b', '[c', 'c']) output(piece);
    expect(await lines()).toEqual(['abc']);
    expect(answers).toEqual([]);
  });

  it('a new snapshot takes the place of all, without new lines above', async () => {
    const { view, snapshot, output, lines, terminal } = setUp();
    snapshot('');
    view.typed();
    output(Array.from({ length: 10 }, (_, line) => `line ${line}\r\n`).join(''));
    snapshot('line 8\r\nline 9\r\nnow');
    expect((await lines()).slice(-4)).toEqual(['line 4', 'line 8', 'line 9', 'now']);
    expect(terminal.buffer.active.baseY).toBe(5);
  });
});

describe('a notice', () => {
  it('stays over the screen, and goes before the next output', async () => {
    const { view, snapshot, output, lines } = setUp();
    snapshot('1\r\n2\r\n3\r\n4\r\n5\r\n');
    view.typed();
    view.setNotice('away');
    expect((await lines()).at(-1)).toBe(' away');
    expect(view.isCovered).toBe(true);
    output('6\r\n');
    expect(await lines()).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(view.isCovered).toBe(true);
    snapshot('2\r\n3\r\n4\r\n5\r\n6\r\n');
    expect(view.isCovered).toBe(false);
    expect(await lines()).toEqual(['1', '2', '3', '4', '5', '6']);
  });
});

describe('another size', () => {
  it('of the terminal: the screen comes anew when it rests', () => {
    const { view, clock, snapshot, calls } = setUp();
    snapshot('$');
    view.typed();
    for (let cols = 40; cols < 60; cols++) {
      view.resized({ rows: 6, cols });
      clock.advance(SETTLE_MS - 1);
    }
    view.sessionResized({ rows: 6, cols: 59 });
    expect(calls.refreshes).toBe(0);
    clock.advance(SETTLE_MS);
    expect(calls.refreshes).toBe(1);
  });

  it('of the session: the rows around the cursor are drawn, and what to do', async () => {
    const { view, clock, terminal, snapshot, output, lines, calls } = setUp();
    snapshot('small');
    view.typed();
    view.sessionResized({ rows: 10, cols: 80 });
    clock.advance(SETTLE_MS);
    expect(view.isClipped).toBe(true);
    expect(calls.texts).toBe(1);
    const text = Array.from({ length: 9 }, (_, row) => `${row} ${'x'.repeat(70)}`).join('\n');
    view.showText({ text, rows: 10, cols: 80, cursor: { row: 8, col: 3, visible: true } });
    const shown = await lines();
    expect(shown).toHaveLength(6);
    expect(shown[0]).toMatch(/^4 x{37,38}$/);
    expect(shown[4]).toMatch(/^8 x/);
    expect(shown[5]).toBe(' the session is 80x10; the hint');
    expect([terminal.buffer.active.cursorY, terminal.buffer.active.cursorX]).toEqual([4, 3]);

    const { granted } = calls;
    expect(output('more')).toBe(true);
    expect([calls.granted - granted, calls.texts]).toEqual([4, 2]);
    view.sessionResized(SIZE);
    view.sessionResized(SIZE);
    clock.advance(SETTLE_MS);
    expect(calls.refreshes).toBe(1);
    snapshot('fits');
    expect(view.isClipped).toBe(false);
    expect(await lines()).toEqual(['fits']);
  });
});

describe('a session of another size', () => {
  it('was shown as if it fitted, when a screen from before its change came after', () => {
    const { view, clock, snapshot, calls } = setUp();
    snapshot('$');
    view.typed();
    view.refresh();
    view.sessionResized({ rows: 10, cols: 80 });
    clock.advance(SETTLE_MS);
    view.screen({ ...SIZE, offset: 0, bytes: Buffer.from('old') });
    expect(view.isClipped).toBe(true);
    clock.advance(100);
    expect(calls.refreshes).toBe(2);
    view.screen({ rows: 10, cols: 80, offset: 0, bytes: Buffer.from('new') });
    expect(view.isClipped).toBe(true);
  });

  it('was shown as if it fitted, when the output up to a screen came with a change', () => {
    const { view, snapshot, output, calls } = setUp();
    snapshot('$');
    view.typed();
    view.refresh();
    view.screen({ ...SIZE, offset: 4, bytes: Buffer.from('old') });
    view.sessionResized({ rows: 10, cols: 80 });
    output('ls\r\n');
    expect(calls.refreshes).toBe(2);
  });
});

describe('the end', () => {
  it('gives the terminal back, below what was shown', async () => {
    const { view, terminal, snapshot, output, write, lines, clock } = setUp();
    write('before\r\n');
    snapshot('screen\r\n');
    view.typed();
    output('\u001b[?1049h\u001b[?1002;2004h\u001b[?25l\u001b[2;4r\u001b[41mfull\u001b]11;#123456\u0007');
    const colors: string[] = [];
    terminal.parser.registerOscHandler(111, () => {
      colors.push('restored');
      return false;
    });
    write(view.end());
    write('after');
    expect(await lines()).toEqual(['screen', '', 'after']);
    expect(terminal.modes).toMatchObject({ mouseTrackingMode: 'none', bracketedPasteMode: false });
    const { active } = terminal.buffer;
    expect(
      active
        .getLine(active.baseY + 2)
        ?.getCell(0)
        ?.isBgDefault(),
    ).toBe(true);
    expect(colors).toEqual(['restored']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves colours and the cursor alone if the program did', () => {
    const { view, snapshot } = setUp();
    snapshot('screen');
    view.typed();
    const text = view.end();
    expect(text).not.toContain('\u001b]104');
    expect(text).not.toContain('1049l');
    expect(text).not.toContain('\u001bc');
    expect(text).not.toContain('\u001b[3J');
  });
});
