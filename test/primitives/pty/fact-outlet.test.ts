import { expect, test } from 'vitest';
import { FactOutlet } from '../../../primitives/pty/fact-outlet.js';
import type { PtyEvent } from '../../../primitives/pty/pty.calls.js';
import { ptyDef } from '../../../primitives/pty/pty.def.js';
import { hostEvents } from '../../../protocol/host-events.js';
import { settle } from '../../support/virtual-clock.js';

function open() {
  const events: PtyEvent[] = [];
  const complaints: string[] = [];
  const source = { paused: false, room: true, drain: (): void => undefined };
  const outlet = new FactOutlet({
    emit: (event) => {
      if (source.room) events.push(event);
      return source.room;
    },
    drained: () =>
      new Promise((resolve) => {
        source.drain = () => {
          source.room = true;
          resolve();
        };
      }),
    pause: () => {
      source.paused = true;
    },
    resume: () => {
      source.paused = false;
    },
    complain: (message) => complaints.push(message),
  });
  const bell = (session_uuid: string) =>
    outlet.fact({ type: 'event', name: 'session.bell', data: { session_uuid } });
  return { outlet, events, source, bell, complaints };
}

test('every fact of a session is an event of the definition', () => {
  const facts = Object.keys(hostEvents).filter((name) => name.startsWith('session.'));
  expect(
    facts.map((name) => name.slice('session.'.length)).filter((name) => !(name in ptyDef.events)),
  ).toEqual([]);
});

test('facts of which only the newest counts say over which connection they came', () => {
  const { outlet, events, bell } = open();
  outlet.adopted({ pid: 1, version: '1' }, []);
  outlet.fact({ type: 'event', name: 'session.title', data: { session_uuid: 'a', title: 't' } });
  bell('a');
  const { connection } = events[0] as { connection: number };
  expect(events.slice(1)).toEqual([
    { type: 'pty.title', connection, session_uuid: 'a', title: 't' },
    { type: 'pty.bell', session_uuid: 'a' },
  ]);
  outlet.adopted({ pid: 1, version: '1' }, []);
  expect(events.at(-1)).toMatchObject({ connection: connection + 1 });
  for (const [fact, { lane }] of Object.entries(ptyDef.events)) {
    const fields: object = ptyDef.events[fact as keyof typeof ptyDef.events].fields;
    if (lane === 'bulk') expect(Object.keys(fields), fact).toContain('connection');
  }
});

test('what is unknown or malformed is left out', () => {
  const { outlet, events, complaints } = open();
  outlet.fact({ type: 'event', name: 'session.invented', data: {} });
  outlet.fact({ type: 'event', name: 'attach.ended', data: { attach: 1, reason: 'removed' } });
  outlet.fact({ type: 'event', name: 'toString', data: {} });
  outlet.fact({ type: 'event', name: 'session.bell', data: { session_uuid: 7 } });
  outlet.fact({ type: 'event', name: 'session.bell', data: null });
  expect(events).toEqual([]);
  expect(complaints).toHaveLength(2);
});

test('a hub that takes nothing stops the reading; what was read waits, in order', async () => {
  const { events, source, bell } = open();
  source.room = false;
  for (const uuid of ['a', 'b', 'c']) bell(uuid);
  expect([source.paused, events]).toEqual([true, []]);
  source.drain();
  await settle();
  expect(events).toEqual(['a', 'b', 'c'].map((session_uuid) => ({ type: 'pty.bell', session_uuid })));
  expect(source.paused).toBe(false);
});

test('after the end nothing is kept, and nothing spins', async () => {
  const { outlet, events, source, bell } = open();
  source.room = false;
  bell('a');
  outlet.close();
  source.drain();
  await settle();
  source.room = true;
  bell('b');
  expect(events).toEqual([]);
});
