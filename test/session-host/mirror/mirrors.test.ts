import { afterEach, describe, expect, test } from 'vitest';
import { MirrorThread, type MirrorThreadOptions } from '../../../session-host/mirror/mirror-thread.js';
import { PIECE_BYTES } from '../../../session-host/mirror/outbox.js';
import { until } from '../../support/until.js';
import { newScreen } from './screens.js';
import { TestMirrors } from './test-mirrors.js';

let mirrors: TestMirrors;
afterEach(() => mirrors.close());

describe('a mirror', () => {
  test('parses what is written, and says how far it is', async () => {
    mirrors = new TestMirrors();
    const session = mirrors.session();
    session.write('hello ');
    session.write('world\r\n');
    expect(session.mirror.lag).toBe(13);
    await session.parsed();
    expect(await session.mirror.screen({ scrollback: 0 })).toEqual({
      offset: 13,
      rows: 24,
      cols: 80,
      text: 'hello world',
      cursor: { row: 1, col: 0, visible: true },
    });
  });

  test('keeps no reference to the array that is written', async () => {
    mirrors = new TestMirrors();
    const session = mirrors.session();
    const bytes = Buffer.from('abc');
    session.mirror.write(bytes);
    bytes.fill('x');
    await session.parsed();
    expect(await session.text()).toBe('abc');
  });

  test('resizes between what is written before and after', async () => {
    mirrors = new TestMirrors();
    const session = mirrors.session({ rows: 4, cols: 10 });
    session.write('\x1b[18t');
    session.mirror.resize(5, 20);
    session.mirror.resize(6, 30);
    session.write('\x1b[18t');
    session.mirror.resize(7, 40);
    session.write('\x1b[18t');
    await session.parsed();
    expect(session.replies()).toBe('\x1b[8;4;10t\x1b[8;6;30t\x1b[8;7;40t');
  });

  test('answers in the order of the questions, each once, however they are cut', async () => {
    mirrors = new TestMirrors();
    const session = mirrors.session();
    const questions = '\x1b[c\x1b[5nab\x1b[6n\x1b]11;?\x07\x1b[>q';
    for (const byte of Buffer.from(questions)) session.write(Uint8Array.of(byte));
    await session.parsed();
    expect(session.replies()).toBe(
      '\x1b[?62;22c\x1b[0n\x1b[1;3R\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1bP>|botster\x1b\\',
    );
  });

  test('tells titles, directories and modes once per batch, and only when they change', async () => {
    mirrors = new TestMirrors();
    const session = mirrors.session();
    session.write('\x1b]2;one\x07\x1b]2;two\x07\x1b[?2004h\x1b[?1049h\x1b]7;file://host/a%20b\x07');
    await session.parsed();
    expect(session.facts).toEqual([
      { type: 'title', title: 'two' },
      { type: 'cwd', cwd: '/a b' },
      {
        type: 'modes',
        modes: {
          alternate_screen: true,
          cursor_visible: true,
          bracketed_paste: true,
          application_cursor: false,
          focus_reporting: false,
          mouse: 'none',
          kitty_keyboard: 0,
        },
      },
    ]);
    session.write('\x1b]2;two\x07\x1b[?2004h');
    await session.parsed();
    expect(session.facts).toHaveLength(3);
  });

  test('gives a snapshot that shows its screen at its offset', async () => {
    mirrors = new TestMirrors();
    const session = mirrors.session({ rows: 5, cols: 20 });
    for (let line = 0; line < 50; line++) session.write(`\x1b[3${line % 8}mline ${line}\r\n`);
    await session.parsed();
    const { bytes, offset, rows, cols } = await session.mirror.snapshot({ scrollback: 10 });
    expect({ offset, rows, cols }).toEqual({ offset: 690, rows: 5, cols: 20 });
    const copy = newScreen({ rows, cols });
    copy.write(bytes);
    expect(copy.text(100).text.split('\n')).toEqual(
      Array.from({ length: 14 }, (_, line) => `line ${line + 36}`),
    );
  });

  test('a text has all that was written and every size that was given when it was asked for', async () => {
    mirrors = new TestMirrors();
    const session = mirrors.session({ rows: 5, cols: 40 });
    for (let line = 0; line < 20_000; line++) session.write(`\x1b[3${line % 8}mline ${line}\r\n`);
    session.mirror.resize(4, 30);
    const early = session.mirror.screen({ scrollback: 0 });
    session.write('more');
    session.mirror.resize(3, 20);
    const late = session.mirror.screen({ scrollback: 0 });
    expect((await early).text).toContain('line 19999');
    expect(await late).toMatchObject({ text: 'line 19998\nline 19999\nmore', rows: 3, cols: 20 });
    expect(session.mirror.lag).toBe(0);
  });

  test('answers for other sessions while one floods', async () => {
    mirrors = new TestMirrors();
    const flood = mirrors.session({ name: 'flood' });
    const other = mirrors.session({ name: 'other' });
    flood.mirror.write(Buffer.alloc(8 * 1024 * 1024, 'flood \x1b[31mred\x1b[m\r\n'));
    other.write('echo');
    await other.parsed();
    expect(await other.text()).toBe('echo');
    await other.mirror.snapshot({ scrollback: 0 });
    // Also of the one that floods: at the offset where it is.
    const { offset } = await flood.mirror.snapshot({ scrollback: 2_000 });
    expect(offset).toBeLessThan(8 * 1024 * 1024);
    expect(flood.mirror.lag).toBeGreaterThan(0);
  });

  test('refuses after it was closed', async () => {
    mirrors = new TestMirrors();
    const session = mirrors.session();
    const waiting = session.mirror.snapshot({ scrollback: 0 });
    session.mirror.close();
    await expect(waiting).rejects.toMatchObject({ code: 'mirror.closed' });
    await expect(session.mirror.screen({ scrollback: 0 })).rejects.toMatchObject({ code: 'mirror.closed' });
    session.write('nobody reads this');
    expect(session.mirror.lag).toBe(0);
  });
});

/** Mirrors whose thread can be ended, and is ended by bytes that contain POISON. */
function fragile(): { mirrors: TestMirrors; end: () => void; started: () => number } {
  let current: MirrorThread | undefined;
  let started = 0;
  const start = (options: MirrorThreadOptions): { post: MirrorThread['post']; end: MirrorThread['end'] } => {
    let guilty = 0;
    const thread = new MirrorThread({ ...options, onDeath: (reason) => options.onDeath(reason, guilty) });
    current = thread;
    started++;
    return {
      post: (message, transfer) => {
        if (message.kind === 'write' && Buffer.from(message.bytes).includes('POISON')) {
          guilty = message.id;
          thread.end('poisoned');
        } else thread.post(message, transfer);
      },
      end: (why) => thread.end(why),
    };
  };
  return {
    mirrors: new TestMirrors(start),
    end: () => current?.end('ended by the test'),
    started: () => started,
  };
}

describe('when the thread dies', () => {
  test('mirrors are rebuilt from what their sessions still have', async () => {
    const thread = fragile();
    mirrors = thread.mirrors;
    const one = mirrors.session({ name: 'one' });
    const two = mirrors.session({ name: 'two' });
    one.write('first\x1b[c\x07\x1b]9;note\x07\x1b]2;title\x07');
    two.write('second');
    await Promise.all([one.parsed(), two.parsed()]);
    const repliesBefore = one.replies();
    thread.end();
    one.write(' and more');
    const snapshot = one.mirror.screen({ scrollback: 0 });
    await until(() => thread.started() === 2);
    // Not the empty screen before the replay.
    expect((await snapshot).text).toMatch(/^first/);
    await Promise.all([one.parsed(), two.parsed()]);
    expect(await one.text()).toBe('first and more');
    expect(await two.text()).toBe('second');
    expect(one.facts.filter(({ type }) => type === 'trouble')).toHaveLength(1);
    expect(one.facts.find(({ type }) => type === 'trouble')).toMatchObject({ code: 'mirror.rebuilt' });
    // What was answered and told before is not repeated.
    expect(one.replies()).toBe(repliesBefore);
    expect(one.facts.filter(({ type }) => type === 'bell' || type === 'notification')).toHaveLength(2);
    expect(mirrors.counters.get('mirror.thread_died')).toBe(1);
    one.write('\x1b[c');
    await until(() => one.replies().length > repliesBefore.length);
  });

  test('a session that kills it twice loses its mirror, the others keep theirs', async () => {
    const thread = fragile();
    mirrors = thread.mirrors;
    const bad = mirrors.session({ name: 'bad' });
    const good = mirrors.session({ name: 'good' });
    good.write('here');
    await good.parsed();
    bad.write('POISON');
    await until(() => thread.started() === 2);
    // Asked while it is rebuilt, which never ends.
    await expect(bad.mirror.snapshot({ scrollback: 0 })).rejects.toMatchObject({ code: 'mirror.failed' });
    expect(bad.mirror.lag).toBe(0);
    expect(bad.facts.at(-1)).toMatchObject({ type: 'trouble', code: 'mirror.failed' });
    bad.write('more');
    expect(bad.mirror.lag).toBe(0);
    await good.parsed();
    expect(await good.text()).toBe('here');
    await expect(bad.mirror.screen({ scrollback: 0 })).rejects.toMatchObject({ code: 'mirror.failed' });
    expect(thread.started()).toBe(3);
  });

  test('a mirror that is too far behind starts over', async () => {
    mirrors = new TestMirrors();
    const session = mirrors.session();
    const piece = Buffer.alloc(PIECE_BYTES * 64, 'x\r\n');
    for (let bytes = 0; bytes <= 65 * 1024 * 1024; bytes += piece.length) session.mirror.write(piece);
    await session.parsed();
    expect(mirrors.counters.get('mirror.overrun')).toBe(1);
    session.write('\x1b[2J\x1b[Hgoes on');
    await session.parsed();
    expect(await session.text()).toBe('goes on');
  });
});
