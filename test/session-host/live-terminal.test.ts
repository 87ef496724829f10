/** A running terminal over a PTY, a mirror and a disk that do what a test says. */
import { describe, expect, it } from 'vitest';
import { fail, isHubError } from '../../base/errors.js';
import type { HistoryWriter } from '../../session-host/history.js';
import { LiveTerminal } from '../../session-host/live-terminal.js';
import type { MirrorHandlers, ScreenText, Snapshot } from '../../session-host/mirror/mirror-types.js';
import type { PastTerminal } from '../../session-host/past-terminal.js';
import type { PtyExit, PtyHandlers } from '../../session-host/pty-types.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

const MIB = 1024 * 1024;

function start(ringBytes = 4 * MIB) {
  const clock = new VirtualClock();
  const typed: string[] = [];
  let ptyHandlers!: PtyHandlers;
  let mirrorHandlers!: MirrorHandlers;
  const pty = {
    pid: 7,
    ttyPath: '/dev/pts/7',
    queuedInputBytes: 0,
    paused: false,
    write: (bytes: Uint8Array) => typed.push(Buffer.from(bytes).toString()) > 0,
    resize: () => undefined,
    pause: () => {
      pty.paused = true;
    },
    resume: () => {
      pty.paused = false;
    },
    dispose: () => undefined,
  };
  const mirror = {
    lag: 0,
    held: 0,
    broken: false,
    closed: false,
    asked: 0,
    write: (bytes: Uint8Array) => {
      mirror.lag += bytes.length;
    },
    resize: () => undefined,
    snapshot: async (): Promise<Snapshot> => {
      mirror.asked++;
      if (mirror.broken) throw fail('mirror.failed', 'broken');
      return { offset: terminal.end - mirror.lag, rows: 24, cols: 80, bytes: new Uint8Array(3) };
    },
    screen: async ({ scrollback }: { scrollback: number }): Promise<ScreenText> => {
      const text = scrollback === 0 ? 'on screen' : 'above\non screen';
      return { offset: terminal.end, rows: 24, cols: 80, text, cursor: { row: 0, col: 0, visible: true } };
    },
    close: () => {
      mirror.closed = true;
    },
  };
  const disk = {
    backlogBytes: 0,
    start: 0,
    append: () => undefined,
    flush: async () => undefined,
    closed: false,
  };
  const exits: { exit: PtyExit; past: PastTerminal }[] = [];
  const terminal = LiveTerminal.start(
    {
      ringBytes,
      rows: 24,
      cols: 80,
      clock,
      spawn: (handlers) => {
        ptyHandlers = handlers;
        return pty;
      },
      openHistory: () =>
        Object.assign(disk, {
          close: async () => {
            disk.closed = true;
          },
        }) as unknown as HistoryWriter,
      openMirror: (handlers) => {
        mirrorHandlers = handlers;
        return mirror;
      },
    },
    {
      onOutput: () => undefined,
      onFact: () => undefined,
      onExit: (exit, past) => exits.push({ exit, past }),
    },
  ) as LiveTerminal;
  const output = (bytes: number) => ptyHandlers.onData(new Uint8Array(bytes).fill(65));
  const parse = (bytes: number) => {
    mirror.lag -= bytes;
    mirrorHandlers.onParsed();
  };
  return { clock, pty, mirror, disk, terminal, exits, typed, output, parse, ptyHandlers, mirrorHandlers };
}

describe('a running terminal', () => {
  it('says why it cannot start', () => {
    const error = fail('session.spawn_failed', 'no');
    const parts = { ringBytes: MIB, rows: 1, cols: 1, clock: new VirtualClock(), openHistory: undefined };
    const openMirror = () => {
      throw new Error('not asked');
    };
    const handlers = { onOutput: () => undefined, onFact: () => undefined, onExit: () => undefined };
    expect(isHubError(LiveTerminal.start({ ...parts, spawn: () => error, openMirror }, handlers))).toBe(true);
  });

  it('stops reading while its mirror is behind, until that has caught up', () => {
    const { pty, output, parse } = start();
    for (let i = 0; i < 16; i++) output(64 * 1024);
    expect(pty.paused, '1 MiB').toBe(false);
    output(1);
    expect(pty.paused).toBe(true);
    parse(MIB / 2);
    expect(pty.paused).toBe(true);
    parse(MIB / 4 + 2);
    expect(pty.paused).toBe(false);
  });

  it('never lets the mirror be older than what a small ring holds', () => {
    const { pty, terminal, mirror, output, parse } = start(64 * 1024);
    for (let i = 0; i < 1_000; i++) {
      if (pty.paused) parse(mirror.lag);
      output(4096);
      expect(terminal.end - mirror.lag).toBeGreaterThanOrEqual(terminal.start);
    }
  });

  it('stops reading while the disk is behind, and looks whether it has given up', () => {
    const { clock, pty, disk, output } = start();
    disk.backlogBytes = 5 * MIB;
    output(1);
    expect(pty.paused).toBe(true);
    clock.advance(10_000);
    expect(pty.paused).toBe(true);
    disk.backlogBytes = 256 * 1024;
    clock.advance(1_000);
    expect(pty.paused).toBe(false);
    clock.advance(10_000);
    expect(clock.pendingTimers, 'no timer while nothing waits').toBe(0);
  });

  it('gives those who ask at once the same snapshot', async () => {
    const { terminal, mirror } = start();
    const [a, b] = await Promise.all([terminal.snapshot(0), terminal.snapshot(0)]);
    expect(a).toBe(b);
    await terminal.snapshot(0);
    expect(mirror.asked).toBe(2);
  });

  it('writes the answers of its mirror to the program', () => {
    const { typed, mirrorHandlers } = start();
    mirrorHandlers.onReply(Buffer.from('\x1b[0n'));
    expect(typed).toEqual(['\x1b[0n']);
  });
});

describe('the end of a command', () => {
  it('is told when all is parsed, with the last screen', async () => {
    const { exits, mirror, disk, output, parse, ptyHandlers, mirrorHandlers, typed, terminal, clock } =
      start();
    output(100);
    ptyHandlers.onExit({ code: 0 });
    await settle();
    expect(exits).toEqual([]);
    parse(60);
    await settle();
    expect(exits).toEqual([]);
    parse(40);
    await settle();
    expect(exits).toHaveLength(1);
    const { exit, past } = exits[0]!;
    expect(exit).toEqual({ code: 0 });
    expect((await past.snapshot(0)).offset).toBe(100);
    expect((await past.screen(0)).text).toBe('on screen');
    expect((await past.screen(5)).text).toBe('above\non screen');
    expect({ mirror: mirror.closed, disk: disk.closed }).toEqual({ mirror: true, disk: true });
    mirrorHandlers.onReply(Buffer.from('late'));
    expect(terminal.write(Buffer.from('late'))).toBe(false);
    expect(typed).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait for ever for a mirror that hangs', async () => {
    const { exits, clock, output, ptyHandlers } = start();
    output(100);
    ptyHandlers.onExit({ signal: 9 });
    await clock.advanceAsync(5_000);
    expect(exits).toHaveLength(1);
    await expect(exits[0]?.past.screen(0)).rejects.toMatchObject({ code: 'mirror.failed' });
    await expect(exits[0]?.past.snapshot(0)).rejects.toMatchObject({ code: 'mirror.failed' });
  });

  it('keeps the last bytes when the others are let go', async () => {
    const { exits, output, parse, ptyHandlers } = start();
    for (let i = 0; i < 20; i++) {
      output(50_001);
      parse(50_001);
    }
    ptyHandlers.onExit({ code: 0 });
    await settle();
    const past = exits[0]!.past;
    expect(past).toMatchObject({ start: 0, end: 1_000_020 });
    past.trim();
    expect(past).toMatchObject({ start: 1_000_020 - 256 * 1024, end: 1_000_020 });
    expect(past.read(past.start, 1e9)).toHaveLength(256 * 1024);
    expect(past.read(past.end - 5, 3)).toEqual(new Uint8Array(3).fill(65));
  });
});
