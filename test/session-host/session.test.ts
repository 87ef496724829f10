/** What a session does for its views, without processes. */
import { describe, expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import type { HostEvent } from '../../protocol/host-events.js';
import type { SessionRecord } from '../../protocol/session.js';
import { bytesAt, PastTerminal } from '../../session-host/past-terminal.js';
import { Session } from '../../session-host/session.js';
import type { ViewSink } from '../../session-host/view.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

const record: SessionRecord = {
  uuid: 'aaaaaaaa-0000-4000-8000-000000000001',
  state: 'exited',
  cmd: 'sh',
  args: [],
  start_dir: '/',
  rows: 24,
  cols: 80,
  size_policy: 'latest',
  attached: 0,
  started_at: '2026-01-01T00:00:00.000Z',
  exit: { code: 1, at: '2026-01-01T00:00:01.000Z' },
  activity: 'idle',
  offset: 100,
  history_offset: 0,
  meta: { a: 1 },
};

function recall(past = new PastTerminal({ rows: 24, cols: 80 }, bytesAt(0, new Uint8Array(100)), undefined)) {
  return Session.recall(record, past, {
    clock: new VirtualClock(),
    counters: new Counters(),
    emit: () => undefined,
    save: () => undefined,
    onEnded: () => undefined,
  });
}

class Sink implements ViewSink {
  readonly writable = true;
  readonly events: HostEvent[] = [];
  readonly over: number[] = [];
  readonly faults: unknown[] = [];
  bytes = 0;
  send(frame: Uint8Array) {
    this.bytes += frame.length;
  }
  event(event: HostEvent) {
    this.events.push(event);
  }
  ended(attach: number) {
    this.over.push(attach);
  }
  broken(thrown: unknown) {
    this.faults.push(thrown);
  }
}

const spec = { id: 1, offset: 0, credit: 1_000, scrollback: 0, viewOnly: false };

describe('a session that is recalled', () => {
  it('has the record it had', () => {
    expect(JSON.parse(JSON.stringify(recall().record()))).toEqual(record);
  });

  it('gives its bytes and its end to a view, and forgets it', () => {
    const session = recall();
    const sink = new Sink();
    const view = session.attach({ ...spec, sink });
    expect(session.record().attached).toBe(1);
    view.pump();
    expect(sink.bytes, 'nothing before the client knows of the attach').toBe(0);
    view.begin();
    expect(sink.bytes).toBeGreaterThan(100);
    expect(sink.events.at(-1)).toEqual({
      name: 'attach.ended',
      data: { attach: 1, reason: 'exited', exit: record.exit },
    });
    expect(sink.over).toEqual([1]);
    expect(session.record().attached).toBe(0);
  });
});

describe('a bug while one view is served', () => {
  const faulty = (from: number) =>
    new PastTerminal(
      { rows: 24, cols: 80 },
      {
        start: 0,
        end: 100,
        read: (offset) => {
          if (offset >= from) throw new TypeError('a bug');
          return new Uint8Array(1);
        },
      },
      undefined,
    );

  it('ends that view, and no other', () => {
    const session = recall(faulty(50));
    const [bad, good] = [new Sink(), new Sink()];
    const first = session.attach({ ...spec, sink: bad });
    const second = session.attach({ ...spec, id: 2, sink: good, credit: 20 });
    first.begin();
    second.begin();
    expect(bad.faults).toHaveLength(1);
    expect(good.faults).toEqual([]);
    expect(good.bytes).toBeGreaterThan(20);
    expect(session.record().attached).toBe(1);
    first.pump();
    first.grant(100);
    expect(bad.faults).toHaveLength(1);
  });

  it('is no unhandled rejection when it comes with a snapshot', async () => {
    const session = recall(faulty(0));
    const sink = new Sink();
    const { offset: _none, ...fromNothing } = spec;
    session.attach({ ...fromNothing, sink }).begin();
    for (let i = 0; i < 5; i++) await settle();
    expect(sink.faults).toHaveLength(1);
    expect(session.record().attached).toBe(0);
  });
});
