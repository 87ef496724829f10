import { describe, expect, it } from 'vitest';
import { Counters } from '../../../base/counters.js';
import { Attachments } from '../../../web/link/attachments.js';
import { WINDOW_BYTES } from '../../../web/link/credit-window.js';
import { HubWire } from '../../../web/link/hub-wire.js';
import fc from '../../support/fast-check.js';
import { VirtualClock } from '../../support/virtual-clock.js';
import { FakePeer, hubHello } from './support/fake-peer.js';
import { FakeTerminal, sessionRecord } from './support/fake-terminal.js';
import { hello } from './support/fake-world.js';

const UUID = 'u';

class World {
  readonly clock = new VirtualClock();
  readonly counters = new Counters();
  viewOnly = false;
  readonly attachments = new Attachments(this.clock, this.counters, () => this.viewOnly, true);
  readonly terminal = new FakeTerminal();
  peer!: FakePeer;
  #wire: HubWire | undefined;

  constructor() {
    this.connect();
  }

  connect(): void {
    const ignored = (): void => undefined;
    let wire: HubWire | undefined;
    this.peer = new FakePeer({
      signal: ignored,
      opened: ignored,
      received: (channel, message) => wire?.receive(channel, message),
      drained: ignored,
      doubtful: ignored,
      closed: ignored,
    });
    wire = new HubWire(this.peer, hello, {
      event: (event) => this.attachments.event(event),
      terminal: (frame) => this.attachments.terminal(frame),
      pong: ignored,
      app: ignored,
      heard: ignored,
      ended: (error) => {
        throw error;
      },
    });
    this.peer.say(hubHello);
    this.#wire = wire;
    this.attachments.online(wire);
  }

  cut(): void {
    this.peer.closed = true;
    this.#wire?.closed();
    this.attachments.lost();
  }

  /** The last request for an attach: its number, and what it asked. */
  asked(): { id: number; attach: number; offset?: number; credit: number; rows?: number } {
    const request = this.peer.requests('session.attach').at(-1);
    if (request === undefined) throw new Error('nothing was asked');
    return { ...(request.params as { attach: number; credit: number }), id: request.id };
  }

  /** Answers it: the session has `offset` bytes. */
  async answer(offset: number): Promise<number> {
    const { id, attach } = this.asked();
    this.peer.respond(id, { session: sessionRecord(UUID, offset) });
    await this.clock.advanceAsync(0);
    return attach;
  }

  get credit(): number {
    let sum = 0;
    for (const frame of this.peer.terminal) if (frame.type === 'credit') sum += frame.bytes_count;
    return sum;
  }

  get typed(): string {
    const decoder = new TextDecoder();
    return this.peer.terminal
      .map((frame) => (frame.type === 'input' ? decoder.decode(frame.bytes) : ''))
      .join('');
  }
}

describe('an attach', () => {
  it('shows the snapshot, then what follows, and is live', async () => {
    const world = new World();
    world.attachments.attach(UUID, world.terminal, { size: { rows: 10, cols: 20 } });
    expect(world.asked()).toMatchObject({ credit: WINDOW_BYTES, rows: 10 });
    const attach = await world.answer(5);
    world.peer.snapshot(attach, 5, 'screen');
    world.peer.output(attach, 5, 'abc');
    world.peer.event('attach.resized', { attach, rows: 30, cols: 90 }, 'bytes');
    world.peer.output(attach, 8, 'd');
    expect(world.terminal.heard).toEqual([
      'waiting',
      'snapshot 80x24 screen',
      'live',
      'output abc',
      'resized 90x30',
      'output d',
    ]);
  });

  it('takes output that comes before the answer', async () => {
    const world = new World();
    world.attachments.attach(UUID, world.terminal, {});
    const { attach } = world.asked();
    world.peer.snapshot(attach, 5, 'screen');
    world.peer.output(attach, 5, 'abc');
    await world.answer(8);
    world.peer.output(attach, 8, 'd');
    expect(world.terminal.text).toBe('screenabcd');
    expect(world.peer.requests('session.attach')).toHaveLength(1);
  });

  it('goes on by offset over a new connection, and is live when it has caught up', async () => {
    const world = new World();
    world.attachments.attach(UUID, world.terminal, {});
    world.peer.snapshot(await world.answer(5), 5, 'screen');
    world.cut();
    expect(world.terminal.heard.at(-1)).toBe('waiting');
    world.connect();
    expect(world.asked().offset).toBe(5);
    const attach = await world.answer(9);
    world.peer.output(attach, 5, 'ab');
    expect(world.terminal.heard.at(-1)).toBe('output ab');
    world.peer.output(attach, 7, 'cd');
    expect(world.terminal.heard.slice(-2)).toEqual(['output cd', 'live']);
    expect(world.terminal.text).toBe('screenabcd');
  });

  it('asks for the screen where it is nearer than the bytes', async () => {
    const world = new World();
    world.attachments.attach(UUID, world.terminal, {});
    world.peer.snapshot(await world.answer(5), 5, 'screen');
    world.cut();
    world.connect();
    const first = await world.answer(10_000_000);
    expect(world.peer.requests('session.detach')).toHaveLength(1);
    expect(world.asked()).not.toHaveProperty('offset');
    world.peer.output(first, 5, 'late, of the attach before');
    world.peer.snapshot(await world.answer(10_000_000), 10_000_000, 'now');
    expect(world.terminal.text).toBe('now');
    expect(world.counters.get('link.frame_late')).toBe(1);
  });

  it.each([
    ['a gap', 12],
    ['a repetition', 3],
  ])('takes %s for a reason to ask for a snapshot', async (_, offset) => {
    const world = new World();
    world.attachments.attach(UUID, world.terminal, {});
    const attach = await world.answer(5);
    world.peer.snapshot(attach, 5, 'screen');
    world.peer.output(attach, offset, 'wrong');
    expect(world.terminal.text).toBe('screen');
    expect(world.terminal.heard.at(-1)).toBe('waiting');
    expect(world.counters.get('link.attach_gap')).toBe(1);
    expect(world.asked()).not.toHaveProperty('offset');
    world.peer.snapshot(await world.answer(20), 20, 'true');
    expect(world.terminal.text).toBe('true');
  });

  it('does not ask without end where every answer is wrong', async () => {
    const world = new World();
    world.attachments.attach(UUID, world.terminal, {});
    for (let step = 0; step < 1_000; step++) {
      world.peer.output(world.asked().attach, 77, 'wrong');
      await world.clock.advanceAsync(10);
    }
    expect(world.peer.requests('session.attach').length).toBeLessThan(25);
  });

  it('leaves nothing attached while it is hidden, and goes on from where it was', async () => {
    const world = new World();
    const attached = world.attachments.attach(UUID, world.terminal, {});
    const first = await world.answer(5);
    world.peer.snapshot(first, 5, 'screen');
    attached.hide();
    expect(world.peer.requests('session.detach')[0]?.params).toEqual({ attach: first });
    world.peer.output(first, 5, 'on its way');
    expect(world.terminal.text).toBe('screen');
    world.cut();
    world.connect();
    expect(world.peer.requests('session.attach')).toHaveLength(0);
    attached.show();
    expect(world.asked().offset).toBe(5);
  });

  it('leaves nothing attached while nobody sees the page', async () => {
    const world = new World();
    const attached = world.attachments.attach(UUID, world.terminal, {});
    world.attachments.attach(UUID, new FakeTerminal(), {}).hide();
    const first = await world.answer(5);
    world.attachments.setVisible(false);
    expect(world.peer.requests('session.detach')).toHaveLength(2);
    attached.hide();
    attached.show();
    world.cut();
    world.connect();
    expect(world.peer.requests('session.attach')).toHaveLength(0);
    world.attachments.setVisible(true);
    expect(world.peer.requests('session.attach')).toHaveLength(1);
    expect(world.asked().attach).toBeGreaterThan(first);
  });

  it('says that the session ended, and attaches no more', async () => {
    const world = new World();
    const attached = world.attachments.attach(UUID, world.terminal, {});
    const attach = await world.answer(5);
    world.peer.snapshot(attach, 5, 'screen');
    world.peer.event('attach.ended', { attach, reason: 'exited' }, 'bytes');
    world.cut();
    world.connect();
    attached.type('x');
    expect(world.terminal.heard.slice(-2)).toEqual(['ended exited', 'refused The session has ended.']);
    expect(world.peer.requests()).toHaveLength(0);
  });

  it('takes a session that is not there for removed, and tries again where the host cannot say', async () => {
    const world = new World();
    world.attachments.attach(UUID, world.terminal, {});
    world.peer.refuse(world.asked().id, 'host.lost');
    await world.clock.advanceAsync(1_000);
    expect(world.peer.requests('session.attach')).toHaveLength(2);
    world.peer.refuse(world.asked().id, 'session.not_found');
    await world.clock.advanceAsync(5_000);
    expect(world.terminal.heard).toEqual(['waiting', 'ended removed']);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('attaches again after the session host was lost', async () => {
    const world = new World();
    world.attachments.attach(UUID, world.terminal, {});
    world.peer.snapshot(await world.answer(5), 5, 'screen');
    world.peer.event('host.lost', { code: 'host.lost', message: 'x' });
    await world.clock.advanceAsync(1_000);
    expect(world.asked().offset).toBe(5);
  });

  it('keeps what is typed in order, also before the answer, in pieces', async () => {
    const world = new World();
    const attached = world.attachments.attach(UUID, world.terminal, {});
    attached.type('ä');
    attached.type('b');
    await world.answer(0);
    attached.type('c'.repeat(50_000));
    expect(world.typed).toBe(`äb${'c'.repeat(50_000)}`);
    expect(Math.max(...world.peer.sizes)).toBeLessThanOrEqual(16 * 1024);
    world.cut();
    attached.type('lost');
    expect(world.terminal.heard.at(-1)).toMatch(/^refused The hub is not connected/);
  });

  it('types nothing and says no size on a device that may only look on', async () => {
    const world = new World();
    world.viewOnly = true;
    const attached = world.attachments.attach(UUID, world.terminal, { size: { rows: 1, cols: 1 } });
    await world.answer(0);
    attached.type('x');
    attached.view({ rows: 5, cols: 5 });
    expect(world.asked()).not.toHaveProperty('rows');
    expect(world.terminal.heard.at(-1)).toBe('refused This device may only look on.');
    expect(world.peer.requests('session.view')).toHaveLength(0);
    expect(world.typed).toBe('');
  });

  it('tells its size as it changes, and the newest one to the next connection', async () => {
    const world = new World();
    const attached = world.attachments.attach(UUID, world.terminal, { size: { rows: 1, cols: 2 } });
    const attach = await world.answer(0);
    attached.view({ rows: 5, cols: 6 });
    attached.view({ focused: true });
    expect(world.peer.requests('session.view').map(({ params }) => params)).toEqual([
      { attach, rows: 5, cols: 6 },
      { attach, focused: true },
    ]);
    world.cut();
    world.connect();
    expect(world.asked()).toMatchObject({ rows: 5, cols: 6 });
  });

  it('tells the size that a window took before the session was attached', async () => {
    const world = new World();
    const attached = world.attachments.attach(UUID, world.terminal, {});
    attached.view({ rows: 5, cols: 6, focused: true });
    expect(world.peer.requests('session.view')).toEqual([]);
    const attach = await world.answer(0);
    attached.view({ focused: false });
    expect(world.peer.requests('session.view').map(({ params }) => params)).toEqual([
      { attach, rows: 5, cols: 6, focused: true },
      { attach, focused: false },
    ]);
  });
});

describe('credit', () => {
  it('comes back as the terminal takes bytes, each once', async () => {
    const world = new World();
    world.terminal.quick = false;
    world.attachments.attach(UUID, world.terminal, {});
    const attach = await world.answer(0);
    world.peer.snapshot(attach, 0, '');
    world.peer.output(attach, 0, 'x'.repeat(WINDOW_BYTES));
    expect(world.credit).toBe(0);
    const [done] = world.terminal.waiting;
    done?.();
    done?.();
    world.terminal.take();
    expect(world.credit).toBe(WINDOW_BYTES);
  });

  it('is given back at once for a snapshot, which no window holds', async () => {
    const world = new World();
    world.attachments.attach(UUID, world.terminal, {});
    world.peer.snapshot(await world.answer(0), 0, 'x'.repeat(WINDOW_BYTES * 3));
    expect(world.credit).toBe(WINDOW_BYTES * 3);
  });

  it('counts what the terminal still has to do for the attach before', async () => {
    const world = new World();
    world.terminal.quick = false;
    world.attachments.attach(UUID, world.terminal, {});
    const attach = await world.answer(0);
    world.peer.snapshot(attach, 0, '');
    world.peer.output(attach, 0, 'x'.repeat(100_000));
    world.cut();
    world.connect();
    expect(world.asked().credit).toBe(WINDOW_BYTES - 100_000);
    await world.answer(100_000);
    world.terminal.take();
    expect(world.credit).toBe(100_000);
  });

  it('never lets more wait for the terminal than the window', () => {
    const step = fc.oneof(
      fc.record({ output: fc.nat(40_000) }),
      fc.constant('take'),
      fc.constant('reconnect'),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new World();
        world.terminal.quick = false;
        world.attachments.attach(UUID, world.terminal, {});
        let offset = 0;
        let spent = 0;
        world.peer.snapshot(world.asked().attach, 0, '');
        for (const one of steps) {
          if (one === 'take') world.terminal.take();
          else if (one === 'reconnect') {
            world.cut();
            world.connect();
            spent = 0;
          } else if (typeof one === 'object') {
            const bytes = Math.min(one.output, world.asked().credit + world.credit - spent);
            world.peer.output(world.asked().attach, offset, 'x'.repeat(bytes));
            offset += bytes;
            spent += bytes;
          }
          const free = world.asked().credit + world.credit - spent;
          expect(free).toBeLessThanOrEqual(WINDOW_BYTES);
        }
        world.terminal.take();
        expect(world.asked().credit + world.credit - spent).toBeGreaterThan(WINDOW_BYTES / 2);
        expect(world.terminal.text).toHaveLength(offset);
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

describe('history', () => {
  const pages = (world: World, text: string, gone = 0): void => {
    world.peer.answer = ({ method, params }) => {
      if (method !== 'session.history') return undefined;
      const { since, max_bytes } = params as { since: number; max_bytes: number };
      const offset = Math.max(since, gone);
      // Less than was asked for, as a host may answer.
      const data = text.slice(offset, Math.min(since + max_bytes, offset + 50_000));
      return { offset, data_base64: btoa(data), end: text.length };
    };
  };
  const text = Array.from({ length: 60_000 }, (_, line) => `${line}\n`).join('');

  it('gives what is before the last snapshot, page by page to the beginning', async () => {
    const world = new World();
    pages(world, text);
    const attached = world.attachments.attach(UUID, world.terminal, {});
    world.peer.snapshot(world.asked().attach, 17, '');
    world.peer.snapshot(world.asked().attach, text.length, '');
    let all = '';
    let before: number | undefined;
    for (;;) {
      const page = await attached.history(before);
      if (page.bytes.length === 0) break;
      all = new TextDecoder().decode(page.bytes) + all;
      before = page.offset;
    }
    expect(all).toBe(text);
  });

  it('ends where the recording begins', async () => {
    const world = new World();
    pages(world, text, text.length - 1_000);
    const attached = world.attachments.attach(UUID, world.terminal, {});
    world.peer.snapshot(world.asked().attach, text.length, '');
    const page = await attached.history();
    expect(page.offset).toBe(text.length - 1_000);
    expect(new TextDecoder().decode(page.bytes)).toBe(text.slice(-1_000));
    expect((await attached.history(page.offset)).bytes).toHaveLength(0);
  });

  it('is refused with a code while nothing is shown, and without a connection', async () => {
    const world = new World();
    const attached = world.attachments.attach(UUID, world.terminal, {});
    await expect(attached.history()).rejects.toMatchObject({ code: 'link.not_shown' });
    world.cut();
    await expect(attached.history()).rejects.toMatchObject({ code: 'hub.connection_lost' });
  });
});
