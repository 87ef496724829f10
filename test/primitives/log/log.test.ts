import { expect, test } from 'vitest';
import { log } from '../../../primitives/log/log.js';
import { FakeHub } from '../../support/fake-hub.js';
import { VirtualClock } from '../../support/virtual-clock.js';

function open() {
  const clock = new VirtualClock();
  const hub = new FakeHub(log, { clock });
  const engine = hub.engine();
  const write = (text: string | Uint8Array, size = text.length, fields?: Record<string, Uint8Array>): void =>
    engine.functions._write('info', Buffer.from(text), size, fields);
  return { clock, hub, engine, write };
}

test('a line goes to the log of its engine, with its level and fields', () => {
  const { engine, write } = open();
  write('hello', 5, { version: Buffer.from('3') });
  expect(engine.log.lines).toEqual([{ level: 'info', message: 'hello', fields: { version: '3' } }]);
});

test('a long message is cut between characters and says how long it was', () => {
  const { engine, write } = open();
  write('\u20ac'.repeat(6_000), 18_000);
  const message = engine.log.lines[0]?.message ?? '';
  expect(message).toBe(`${'\u20ac'.repeat(5_461)}... (cut: 18000 bytes)`);
});

test('long fields are cut, and there are at most 64', () => {
  const { engine, write } = open();
  const fields = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`f${i}`, Buffer.alloc(2_000, 'x')]),
  );
  write('m', 1, fields);
  const logged = engine.log.lines[0]?.fields ?? {};
  expect(Object.keys(logged)).toHaveLength(64);
  expect(logged['f0']).toBe(`${'x'.repeat(1_024)}... (cut)`);
});

test('bytes that are no UTF-8 are replaced', () => {
  const { engine, write } = open();
  write(Buffer.from([0x61, 0xff, 0x62]));
  expect(engine.log.lines[0]?.message).toBe('a\ufffdb');
});

test('of more than 1,000 lines in a second the rest is counted, in one line when the second is over', () => {
  const { clock, hub, engine, write } = open();
  for (let i = 0; i < 1_500; i++) write(`line ${i}`);
  expect(engine.log.lines).toHaveLength(1_000);
  clock.advance(1_000);
  expect(engine.log.lines).toHaveLength(1_001);
  expect(engine.log.at('warn')).toEqual(['500 log lines were left out: more than 1000 in a second']);
  expect(hub.counters.get('log.dropped')).toBe(500);
  write('next');
  expect(engine.log.lines.at(-1)?.message).toBe('next');
});

test('a steady flood gets its 1,000 lines in every second', () => {
  const { clock, engine, write } = open();
  for (let second = 0; second < 3; second++) {
    for (let i = 0; i < 1_200; i++) write('x');
    clock.advance(1_000);
  }
  expect(engine.log.at('info')).toHaveLength(3_000);
  expect(engine.log.at('warn')).toHaveLength(3);
});

test('one engine does not use up what another may log', () => {
  const { hub, write } = open();
  for (let i = 0; i < 2_000; i++) write('x');
  const other = hub.engine('other');
  other.functions._write('error', Buffer.from('mine'), 4, undefined);
  expect(other.log.at('error')).toEqual(['mine']);
});

test('an engine that ends reports what it dropped, and leaves no timer', () => {
  const { clock, engine, write } = open();
  for (let i = 0; i < 1_001; i++) write('x');
  engine.scope.dispose();
  expect(engine.log.at('warn')).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});
