import { describe, expect, test } from 'vitest';
import type { FromMirrors } from '../../../session-host/mirror/mirror.calls.js';
import type { ScreenText } from '../../../session-host/mirror/mirror-types.js';
import { MIN_PIECE_BYTES } from '../../../session-host/mirror/thread-mirror.js';
import { SHARE_MS, Turns } from '../../../session-host/mirror/turns.js';
import { newScreen } from './screens.js';

/** A thread whose time passes by 0.1 ms each time somebody looks at it, and whose turns the test starts. */
class TestThread {
  readonly posted: FromMirrors[] = [];
  readonly turns: Turns;
  readonly timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  #later: (() => void) | undefined;
  #nowMs = 0;
  tickMs = 0.1;

  constructor() {
    this.turns = new Turns({
      nowMs: () => {
        this.#nowMs += this.tickMs;
        return this.#nowMs;
      },
      post: (message) => void this.posted.push(message),
      later: (callback) => {
        expect(this.#later).toBeUndefined();
        this.#later = callback;
      },
      after: (ms, callback) => void this.timers.push({ atMs: this.#nowMs + ms, callback }),
      busy: () => undefined,
    });
  }

  open(id: number, size = { rows: 10, cols: 40 }): void {
    this.turns.receive({ kind: 'open', id, ...size, scrollback_lines: 2_000, offset: 0 });
  }

  write(id: number, text: string, again = false): void {
    this.turns.receive({ kind: 'write', id, bytes: Buffer.from(text), again });
  }

  /** Runs one turn; false: there was nothing to do. */
  turn(): boolean {
    const later = this.#later;
    this.#later = undefined;
    later?.();
    return later !== undefined;
  }

  finish(): number {
    let turns = 0;
    while (this.turn()) turns++;
    return turns;
  }

  /** How far a mirror has said that it is. */
  parsed(id: number): number {
    const offsets = this.posted.flatMap((message) =>
      message.kind === 'batch' ? message.parsed.filter((parsed) => parsed.id === id) : [],
    );
    return offsets.at(-1)?.offset ?? 0;
  }

  held(id: number): number {
    const all = this.posted.flatMap((message) => (message.kind === 'batch' ? message.parsed : []));
    return all.findLast((parsed) => parsed.id === id)?.held ?? 0;
  }

  /** Until the first timer is due. */
  wait(): void {
    const timer = this.timers.shift();
    if (timer === undefined) throw new Error('nothing waits');
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.callback();
  }

  replies(id: number): string {
    return this.posted
      .flatMap((message) => (message.kind === 'batch' ? message.said : []))
      .flatMap((said) => (said.id === id && 'reply' in said ? [said.reply] : []))
      .join('');
  }
}

const flood = 'flood \x1b[31mred\x1b[m\r\n'.repeat(50_000);

describe('turns', () => {
  test('a turn ends while there is still work, and says how far it got', () => {
    const thread = new TestThread();
    thread.open(1);
    thread.write(1, flood);
    thread.turn();
    expect(thread.parsed(1)).toBeGreaterThan(0);
    expect(thread.parsed(1)).toBeLessThan(flood.length);
    expect(thread.finish()).toBeGreaterThan(1);
    expect(thread.parsed(1)).toBe(flood.length);
    expect(thread.turn()).toBe(false);
  });

  test('every mirror gets its share of the first turn', () => {
    const thread = new TestThread();
    for (const id of [1, 2, 3]) thread.open(id);
    thread.write(1, flood);
    thread.write(2, flood);
    thread.write(3, 'echo\x1b[c');
    thread.turn();
    expect(thread.parsed(3)).toBe(7);
    expect(thread.replies(3)).toBe('\x1b[?62;22c');
    expect(thread.parsed(1)).toBeGreaterThan(0);
    expect(thread.parsed(2)).toBeGreaterThan(0);
  });

  test('a snapshot is taken in slices, of one moment, while others go on', () => {
    const thread = new TestThread();
    for (const id of [1, 2]) thread.open(id);
    thread.write(1, Array.from({ length: 2_000 }, (_, line) => `line ${line}\r\n`).join(''));
    thread.finish();
    const offset = thread.parsed(1);
    thread.turns.receive({ kind: 'snapshot', id: 1, request: 5, scrollback: 2_000 });
    thread.write(1, '\x1b[2J\x1b[Hcleared');
    thread.write(2, flood);
    thread.turn();
    expect(thread.posted.some(({ kind }) => kind === 'snapshot')).toBe(false);
    // What waits for the snapshot, and what does not.
    expect(thread.parsed(1)).toBe(offset);
    expect(thread.parsed(2)).toBeGreaterThan(0);
    thread.finish();
    const answer = thread.posted.find((message) => message.kind === 'snapshot');
    expect(answer).toMatchObject({ request: 5, snapshot: { offset, rows: 10, cols: 40 } });
    const copy = newScreen({ rows: 10, cols: 40 });
    copy.write(answer!.snapshot.bytes);
    expect(copy.text(3_000).text.split('\n')).toHaveLength(2_000);
    expect(copy.text(0).text).toMatch(/^line 1991\n/);
    expect(thread.parsed(1)).toBe(offset + 14);
  });

  test('a size waits for snapshots that have begun, and what is asked for after it waits for the size', () => {
    const thread = new TestThread();
    thread.open(1);
    thread.write(1, Array.from({ length: 2_000 }, (_, line) => `line ${line}\r\n`).join(''));
    thread.finish();
    thread.turns.receive({ kind: 'snapshot', id: 1, request: 1, scrollback: 2_000 });
    thread.turn();
    thread.turns.receive({ kind: 'resize', id: 1, rows: 4, cols: 20 });
    thread.turns.receive({ kind: 'screen', id: 1, request: 2, scrollback: 0 });
    thread.turns.receive({ kind: 'snapshot', id: 1, request: 3, scrollback: 0 });
    thread.finish();
    const answers = thread.posted.filter(({ kind }) => kind === 'screen' || kind === 'snapshot');
    expect(answers).toMatchObject([
      { request: 1, snapshot: { rows: 10, cols: 40 } },
      { request: 2, screen: { rows: 4, cols: 20 } },
      { request: 3, snapshot: { rows: 4, cols: 20 } },
    ]);
    const [begun] = answers;
    if (begun?.kind !== 'snapshot') throw new Error('no snapshot');
    const copy = newScreen({ rows: 10, cols: 40 });
    copy.write(begun.snapshot.bytes);
    expect(copy.text(3_000).text.split('\n')).toHaveLength(2_000);
  });

  test('while lines of a flood are left out, a screen is still the one of its offset', () => {
    const thread = new TestThread();
    thread.open(1);
    const line = (number: number): string => `line ${String(number).padStart(7, '0')}`;
    const bytes = Array.from({ length: 60_000 }, (_, number) => `${line(number)}\r\n`).join('');
    const screens = (): ScreenText[] =>
      thread.posted.flatMap((message) => (message.kind === 'screen' ? [message.screen] : []));
    for (let at = 0; at < bytes.length; at += 20_480) {
      thread.write(1, bytes.slice(at, at + 20_480));
      if (at % 307_200 > 0) continue;
      thread.turn();
      thread.turns.receive({ kind: 'screen', id: 1, request: at, scrollback: 5_000 });
    }
    thread.finish();
    expect(screens()).toHaveLength(3);
    for (const { offset, text } of screens()) {
      const whole = Math.floor((offset + 2) / 14);
      const shown = text.split('\n').filter((row) => row.length === 12);
      const expected = Array.from({ length: shown.length }, (_, index) => line(whole - shown.length + index));
      expect(shown.slice(-Math.min(whole, 2_000))).toEqual(expected.slice(-Math.min(whole, 2_000)));
    }
  });

  test('what was said up to a screen is told before it', () => {
    const thread = new TestThread();
    thread.open(1);
    thread.write(1, '\x1b]2;title\x07text');
    thread.turns.receive({ kind: 'screen', id: 1, request: 1, scrollback: 0 });
    thread.turns.receive({ kind: 'screen', id: 1, request: 2, scrollback: 0 });
    thread.finish();
    const kinds = thread.posted.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'screen')).toHaveLength(2);
    const last = thread.posted.findLast((message) => message.kind === 'screen');
    expect([0, 11]).toContain(last?.screen.offset);
  });

  test('pieces shrink where parsing is slow', () => {
    const thread = new TestThread();
    thread.open(1);
    thread.tickMs = SHARE_MS * 2;
    thread.write(1, flood);
    for (let turn = 0; turn < 20; turn++) thread.turn();
    const before = thread.parsed(1);
    thread.turn();
    expect(thread.parsed(1) - before).toBeLessThanOrEqual(MIN_PIECE_BYTES * 4);
  });

  test('bytes that were parsed before ask and ring nothing', () => {
    const thread = new TestThread();
    thread.open(1);
    thread.write(1, '\x07\x1b[c\x1b]9;note\x07\x1b]2;title\x07', true);
    thread.write(1, '\x1b[5n');
    thread.finish();
    expect(thread.replies(1)).toBe('\x1b[0n');
    const facts = thread.posted
      .flatMap((message) => (message.kind === 'batch' ? message.said : []))
      .flatMap((said) => ('fact' in said ? [said.fact] : []));
    expect(facts).toEqual([{ type: 'title', title: 'title' }]);
  });

  test('answers to a program that does not read them are bounded', () => {
    const thread = new TestThread();
    thread.tickMs = 0.000_01;
    thread.open(1);
    thread.write(1, '\x1b[c'.repeat(20_000));
    thread.finish();
    expect(thread.replies(1).length).toBeLessThanOrEqual(64 * 1024 + 1_024);
    expect(thread.replies(1).length).toBeGreaterThan(60_000);
  });

  test('a mirror that is closed with work and requests is forgotten', () => {
    const thread = new TestThread();
    thread.open(1);
    thread.write(1, flood);
    thread.turns.receive({ kind: 'snapshot', id: 1, request: 1, scrollback: 0 });
    thread.turns.receive({ kind: 'close', id: 1 });
    thread.finish();
    thread.write(1, 'late');
    thread.turns.receive({ kind: 'resize', id: 1, rows: 5, cols: 5 });
    expect(thread.turn()).toBe(false);
    expect(thread.posted).toEqual([]);
  });

  test('a mirror that rests says what it has put by, and goes on by itself', () => {
    const thread = new TestThread();
    thread.tickMs = 0.001;
    thread.open(1);
    const plain = '0123456789 0123456789 0123456789 0123456789\r\n'.repeat(15_000);
    thread.write(1, plain);
    thread.finish();
    expect(thread.parsed(1)).toBeLessThan(plain.length);
    expect(thread.parsed(1) + thread.held(1)).toBe(plain.length);
    thread.wait();
    thread.finish();
    expect(thread.parsed(1)).toBe(plain.length);
    expect(thread.held(1)).toBe(0);
    expect(thread.timers).toEqual([]);
  });
});
