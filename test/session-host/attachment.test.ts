import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../protocol/frames.js';
import { decodeTerminalFrame, type TerminalFrame } from '../../protocol/terminal-frames.js';
import {
  Attachment,
  type AttachmentSink,
  type AttachmentSource,
  LAG_BYTES,
  MAX_OUTPUT_BYTES,
} from '../../session-host/attachment.js';
import { ByteRing } from '../../session-host/byte-ring.js';
import type { Snapshot } from '../../session-host/mirror/mirror-types.js';
import fc from '../support/fast-check.js';

/** The byte at each offset, so that a wrong one is seen. */
const PATTERN = Uint8Array.from(
  { length: 24 << 20 },
  (_, offset) => (offset * 31 + (offset >> 8) * 7) & 0xff,
);
const KIB = 1024;

interface Size {
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
}

/** A session whose mirror gets on, and answers, when a test says so. */
class ModelSession implements AttachmentSource {
  readonly ring: ByteRing;
  readonly sizes: Size[] = [{ offset: 0, rows: 24, cols: 80 }];
  ended = false;
  parsed = 0;
  keepsUp = true;
  readonly asked: { resolve(snapshot: Snapshot): void; reject(error: Error): void }[] = [];

  constructor(ringBytes: number) {
    this.ring = new ByteRing(ringBytes);
  }
  get start() {
    return this.ring.start;
  }
  get end() {
    return this.ring.end;
  }
  get rows() {
    return this.#size.rows;
  }
  get cols() {
    return this.#size.cols;
  }
  get sizedAt() {
    return this.#size.offset;
  }
  get #size() {
    return this.sizes.at(-1) as Size;
  }
  read(offset: number, maxBytes: number) {
    return this.ring.read(offset, maxBytes);
  }
  snapshot() {
    return new Promise<Snapshot>((resolve, reject) => this.asked.push({ resolve, reject }));
  }

  write(length: number) {
    this.ring.push(PATTERN.subarray(this.end, this.end + length));
    // The PTY is paused before the mirror is a quarter of the ring behind.
    if (this.keepsUp)
      this.parsed = Math.max(this.parsed, this.start + Math.floor((this.end - this.start) / 2));
  }
  parse(length: number) {
    this.parsed = Math.min(this.end, this.parsed + length);
  }
  /** Answers all that was asked, as the mirror stands. `late`: a size at that very offset is not in it yet. */
  answer(bytes: number, late: boolean) {
    const { rows, cols } = this.sizeAt(this.parsed, late);
    const snapshot = { offset: this.parsed, rows, cols, bytes: new Uint8Array(bytes) };
    for (const { resolve } of this.asked.splice(0)) resolve(snapshot);
  }
  fail() {
    for (const { reject } of this.asked.splice(0)) reject(new Error('mirror.failed'));
  }
  /** The size of the byte at that offset. */
  sizeAt(offset: number, before = false): Size {
    return (
      this.sizes.findLast((size) => (before ? size.offset < offset : size.offset <= offset)) ?? this.#first
    );
  }
  get #first() {
    return this.sizes[0] as Size;
  }
}

/** A client that takes nothing on trust. */
class ModelClient implements AttachmentSink {
  writable = true;
  /** Next byte; undefined: a snapshot must come first. */
  offset: number | undefined;
  granted: number;
  sent = 0;
  frames = 0;
  snapshots = 0;
  complete = 0;
  size: { rows: number; cols: number } | undefined;
  readonly #session: ModelSession;
  readonly #reader = new FrameReader();

  constructor(session: ModelSession, credit: number, offset?: number) {
    this.#session = session;
    this.granted = credit;
    this.offset = offset;
  }

  send(frame: Uint8Array) {
    this.#reader.push(frame, ({ type, payload }) => this.#take(decodeTerminalFrame(type, payload)));
  }

  sendSize(attach: number, rows: number, cols: number) {
    expect(attach).toBe(7);
    this.size = { rows, cols };
  }

  #take(frame: TerminalFrame) {
    expect(this.complete, 'nothing comes after the end').toBe(0);
    expect(this.writable, 'nothing is sent to a full connection').toBe(true);
    expect(this.granted, 'nothing is sent without credit').toBeGreaterThan(this.sent);
    expect(frame.attach).toBe(7);
    this.frames++;
    if (frame.type === 'snapshot') {
      this.snapshots++;
      this.offset = frame.offset;
      this.size = frame.bytes.length === 0 ? undefined : { rows: frame.rows, cols: frame.cols };
      this.sent += frame.bytes.length;
    } else if (frame.type === 'output') {
      const { offset, bytes } = frame;
      expect(offset).toBe(this.offset);
      expect(bytes.length).toBeGreaterThan(0);
      expect(bytes.length).toBeLessThanOrEqual(Math.min(MAX_OUTPUT_BYTES, this.granted - this.sent));
      expect(Buffer.compare(bytes, PATTERN.subarray(offset, offset + bytes.length))).toBe(0);
      if (this.size !== undefined) {
        expect(this.size, `the size at ${offset}`).toMatchObject(this.#sizeAt(offset));
        expect(this.#sizeAt(offset + bytes.length - 1), 'a size in the middle').toEqual(this.#sizeAt(offset));
      }
      this.offset = offset + bytes.length;
      this.sent += bytes.length;
    }
  }

  #sizeAt(offset: number) {
    const { rows, cols } = this.#session.sizeAt(offset);
    return { rows, cols };
  }
}

interface Setup {
  readonly ringBytes?: number;
  readonly before?: number;
  readonly offset?: number;
  readonly credit?: number;
  readonly begun?: boolean;
  readonly lagBytes?: number;
}

function open({
  ringBytes = 4 * KIB * KIB,
  before = 0,
  offset,
  credit = KIB * KIB,
  begun = true,
  lagBytes,
}: Setup = {}) {
  const session = new ModelSession(ringBytes);
  for (let left = before; left > 0; left -= 64 * KIB) session.write(Math.min(left, 64 * KIB));
  session.parsed = session.end;
  const client = new ModelClient(session, credit, offset);
  const attachment = new Attachment({
    id: 7,
    source: session,
    sink: client,
    credit,
    scrollback: 0,
    ...(offset === undefined ? {} : { offset }),
    ...(lagBytes === undefined ? {} : { lagBytes }),
    onComplete: () => client.complete++,
    onFault: (thrown) => {
      throw thrown;
    },
  });
  if (begun) attachment.begin();
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    session,
    client,
    attachment,
    write: (length: number) => {
      session.write(length);
      attachment.pump();
    },
    answer: async (bytes = 100) => {
      session.answer(bytes, false);
      await settle();
    },
    grant: (bytes: number) => {
      client.granted += bytes;
      attachment.grant(bytes);
    },
    settle,
  };
}

describe('an attach', () => {
  it('begins with a snapshot, and goes on where it ends', async () => {
    const { session, client, write, answer } = open({ before: 1000 });
    expect(client.frames).toBe(0);
    write(10);
    session.parsed = 1000;
    await answer();
    expect(client).toMatchObject({ snapshots: 1, offset: 1010, sent: 110, frames: 2 });
    write(5);
    expect(client).toMatchObject({ offset: 1015, frames: 3 });
    expect(session.asked).toHaveLength(0);
  });

  it('gets nothing before it begins, whatever happens', () => {
    const { session, client, attachment, write, grant } = open({ offset: 0, begun: false });
    write(10);
    session.sizes.push({ offset: 10, rows: 9, cols: 9 });
    attachment.resized(9, 9);
    grant(5);
    expect(client).toMatchObject({ frames: 0, size: undefined });
    attachment.begin();
    expect(client).toMatchObject({ offset: 10, size: { rows: 9, cols: 9 } });
  });

  it('with an offset gets what it misses, however much that is', async () => {
    const { session, client } = open({ before: 3 * KIB * KIB, offset: 10, credit: 4 * KIB * KIB });
    expect(client).toMatchObject({ snapshots: 0, offset: session.end });
  });

  it('with an offset that the ring has lost, or that never was, gets a snapshot', async () => {
    for (const offset of [10, 9 * KIB * KIB]) {
      const { session, client, answer } = open({ before: 8 * KIB * KIB, offset });
      await answer();
      expect(client).toMatchObject({ snapshots: 1, offset: session.end });
    }
  });

  it('gets one frame for a chunk', () => {
    const { client, write } = open({ offset: 0 });
    for (let i = 0; i < 10; i++) write(1000);
    expect(client.frames).toBe(10);
  });

  it('without credit gets nothing, and the bytes when it is only a little behind', () => {
    const { session, client, write, grant } = open({ offset: 0, credit: 1000 });
    for (let i = 0; i < 100; i++) write(2000);
    expect(client.sent).toBe(1000);
    grant(KIB * KIB);
    expect(client).toMatchObject({ snapshots: 0, offset: session.end });
  });

  it('far behind gets a snapshot instead of the backlog', async () => {
    const { session, client, write, grant, answer } = open({ offset: 0, credit: 1000 });
    while (session.end <= LAG_BYTES + 1000) write(4096);
    session.parsed = session.end - 500;
    grant(KIB * KIB);
    expect(client.sent).toBe(1000);
    await answer();
    expect(client).toMatchObject({ snapshots: 1, offset: session.end, sent: 1000 + 100 + 500 });
  });

  it('gets a snapshot as early as it wishes', async () => {
    const { session, client, write, grant, answer } = open({ offset: 0, credit: 0, lagBytes: 20 * KIB });
    while (session.end <= 20 * KIB) write(4096);
    session.parsed = session.end;
    grant(64 * KIB);
    await answer();
    expect(client).toMatchObject({ snapshots: 1, offset: session.end });
  });

  it('goes on with the bytes where the screen is not known any further', async () => {
    const { session, client, write, grant, answer } = open({ offset: 0, credit: 1000 });
    while (session.end <= LAG_BYTES + 1000) write(4096);
    session.parsed = 0;
    grant(KIB * KIB);
    await answer();
    expect(client).toMatchObject({ snapshots: 0, offset: session.end });
  });

  it('never gets a snapshot that is older than the ring', async () => {
    const { session, client, answer } = open({ before: 5 * KIB * KIB });
    session.parsed = 10;
    await answer();
    expect(client.frames).toBe(0);
    session.parsed = session.end;
    await answer();
    expect(client).toMatchObject({ snapshots: 1, offset: session.end });
  });

  it('gets the bytes there are when the screen cannot be had', async () => {
    const { session, client, settle } = open({ before: 5 * KIB * KIB, credit: 8 * KIB * KIB });
    for (let i = 0; i < 3; i++) {
      session.fail();
      await settle();
    }
    expect(client).toMatchObject({ snapshots: 1, offset: session.end, sent: 4 * KIB * KIB });
  });

  it('hears of a size between the bytes before and after it, and sees the lines that a larger one shows', async () => {
    const { session, client, attachment, write, grant, answer } = open({ offset: 0, credit: 100 });
    client.size = { rows: 24, cols: 80 };
    write(150);
    session.sizes.push({ offset: 150, rows: 30, cols: 90 });
    attachment.resized(30, 90);
    write(150);
    expect(client.size).toEqual({ rows: 24, cols: 80 });
    grant(1000);
    expect(client).toMatchObject({ offset: 150, size: { rows: 30, cols: 90 }, snapshots: 0 });
    await answer();
    expect(client).toMatchObject({ offset: 300, size: { rows: 30, cols: 90 }, snapshots: 1 });
  });

  it('gets no snapshot for a size that shows less', async () => {
    const { session, client, attachment, answer, write } = open({ before: 100 });
    await answer();
    session.sizes.push({ offset: 100, rows: 20, cols: 60 });
    attachment.resized(20, 60);
    write(50);
    expect(client).toMatchObject({ offset: 150, size: { rows: 20, cols: 60 }, snapshots: 1 });
  });

  it('hears of a size that was new when it came but older than the snapshot it got', async () => {
    const { session, client, attachment, answer } = open({ before: 1000 });
    session.parsed = 500;
    session.sizes.push({ offset: 900, rows: 30, cols: 90 });
    // As if the attach had come after the resize: it was not told.
    expect(attachment.id).toBe(7);
    await answer();
    expect(client).toMatchObject({ offset: 900, size: { rows: 30, cols: 90 } });
    session.parsed = 1000;
    await answer();
    expect(client).toMatchObject({ offset: 1000, size: { rows: 30, cols: 90 } });
  });

  it('asks again, for a screen of then, when its connection filled up meanwhile', async () => {
    const { session, client, attachment, answer, write } = open({ before: 1000 });
    client.writable = false;
    await answer();
    expect(client.frames).toBe(0);
    write(500);
    session.parsed = session.end;
    client.writable = true;
    attachment.pump();
    await answer();
    expect(client).toMatchObject({ snapshots: 1, offset: 1500, frames: 1 });
  });

  it('ends once all was sent, and not before', () => {
    const { session, client, attachment, write, grant } = open({ offset: 0, credit: 10 });
    write(20);
    session.ended = true;
    attachment.pump();
    expect(client.complete).toBe(0);
    grant(10);
    grant(10);
    attachment.pump();
    expect(client.complete).toBe(1);
  });

  it('is silent once closed, also when a snapshot was on its way', async () => {
    const { client, attachment, write, answer, grant } = open({ before: 100 });
    attachment.close();
    await answer();
    write(100);
    grant(100);
    expect(client).toMatchObject({ frames: 0, complete: 0 });
  });
});

type Step = (run: ReturnType<typeof open>) => void | Promise<unknown>;

const steps: fc.Arbitrary<[string, Step]> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .integer({ min: 1, max: 200 * KIB })
      .map((n) => ['write', (run) => run.write(n)] as [string, Step]),
  },
  {
    weight: 3,
    arbitrary: fc
      .integer({ min: 1, max: 200 * KIB })
      .map((n) => ['parse', (run) => run.session.parse(n)] as [string, Step]),
  },
  {
    weight: 4,
    arbitrary: fc
      .integer({ min: 1, max: 400 * KIB })
      .map((n) => ['grant', (run) => run.grant(n)] as [string, Step]),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 60 * KIB }), fc.boolean()).map(
      ([n, late]) =>
        [
          'answer',
          (run) => {
            run.session.answer(n, late);
            return run.settle();
          },
        ] as [string, Step],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<[string, Step]>([
      'fail',
      (run) => {
        run.session.fail();
        return run.settle();
      },
    ]),
  },
  {
    weight: 2,
    arbitrary: fc.boolean().map(
      (writable) =>
        [
          writable ? 'drained' : 'full',
          (run) => {
            run.client.writable = writable;
            if (writable) run.attachment.pump();
          },
        ] as [string, Step],
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 })).map(
      ([rows, cols]) =>
        [
          'resize',
          ({ session, attachment }) => {
            if (session.sizes.length > 10) return;
            session.sizes.push({ offset: session.end, rows, cols });
            attachment.resized(rows, cols);
          },
        ] as [string, Step],
    ),
  },
);

describe('whatever happens', () => {
  it('a client ends with exactly the stream from its last snapshot on, at the right size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          ringBytes: fc.constantFrom(64 * KIB, 300 * KIB, 4 * KIB * KIB),
          before: fc.integer({ min: 0, max: 600 * KIB }),
          credit: fc.integer({ min: 0, max: 300 * KIB }),
          keepsUp: fc.boolean(),
          from: fc.option(fc.double({ min: 0, max: 1.1, noNaN: true }), { nil: undefined }),
        }),
        fc.array(steps, { maxLength: 60 }),
        async ({ from, keepsUp, ...setup }, todo) => {
          const offset = from === undefined ? undefined : Math.floor(from * setup.before);
          const run = open({ ...setup, ...(offset === undefined ? {} : { offset }) });
          const { session, client } = run;
          session.keepsUp = keepsUp;
          for (const [, step] of todo) await step(run);
          // From now on nothing is in the way.
          client.writable = true;
          session.parse(session.end);
          session.ended = true;
          run.attachment.pump();
          for (let i = 0; i < 100 && client.complete === 0; i++) {
            run.grant(200 * KIB);
            session.answer(1000, false);
            await run.settle();
          }
          expect(client).toMatchObject({ complete: 1, offset: session.end });
          if (client.size !== undefined && session.sizes.length > 1)
            expect(client.size).toEqual({ rows: session.rows, cols: session.cols });
        },
      ),
      { numRuns: 500 },
    );
  });
});
