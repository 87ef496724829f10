import { expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import type { LuaValue } from '../../../base/values.js';
import { events } from '../../../primitives/events/events.js';
import { FakeCallback, FakeHub } from '../../support/fake-hub.js';

function open() {
  const hub = new FakeHub(events);
  const engine = (name: string) => {
    const { functions, scope, log } = hub.engine(name);
    const deliver = new FakeCallback<[event: string, data: LuaValue]>();
    functions._listen(deliver);
    return { functions, scope, log, deliver };
  };
  return { hub, engine };
}

test('an event reaches the engines that listen to it, and not the one that emits', () => {
  const { engine } = open();
  const [a, b, c] = [engine('a'), engine('b'), engine('c')];
  for (const one of [a, b]) one.functions._add('ready');
  c.functions._add('other');
  a.functions._emit('ready', { x: 1 });
  expect([a, b, c].map((one) => one.deliver.calls)).toEqual([[], [['ready', { x: 1 }]], []]);
});

test('a host fact reaches every engine that listens, once, however many handlers it has', () => {
  const { hub, engine } = open();
  const [a, b] = [engine('a'), engine('b')];
  for (const one of [a, b, b]) one.functions._add('ready');
  hub.notify('ready', 1);
  expect([a.deliver.calls, b.deliver.calls]).toEqual([[['ready', 1]], [['ready', 1]]]);
});

test('has and _others know who listens', () => {
  const { engine } = open();
  const [a, b] = [engine('a'), engine('b')];
  expect(a.functions.has('x')).toBe(false);
  a.functions._add('x');
  expect(b.functions.has('x')).toBe(true);
  expect(a.functions._others('x')).toBe(false);
  expect(b.functions._others('x')).toBe(true);
  a.functions._add('x');
  a.functions._remove('x');
  expect(b.functions.has('x')).toBe(true);
  a.functions._remove('x');
  expect(b.functions.has('x')).toBe(false);
  a.functions._remove('x');
  expect(b.functions.has('x')).toBe(false);
});

test('an engine that ended gets nothing and counts for nothing', () => {
  const { hub, engine } = open();
  const a = engine('a');
  a.functions._add('x');
  a.scope.dispose();
  hub.notify('x', 1);
  expect(a.deliver.calls).toEqual([]);
  expect(a.deliver.state).toBe('released');
  expect(engine('b').functions.has('x')).toBe(false);
});

test('an engine has at most 10,000 handlers', () => {
  const { engine } = open();
  const { functions } = engine('a');
  for (let i = 0; i < 10_000; i++) expect(functions._add(`event ${i % 7}`)).toBe(true);
  const refused = functions._add('one more');
  expect(refused).toBeInstanceOf(HubError);
  expect((refused as HubError).code).toBe('events.limit');
  functions._remove('event 0');
  expect(functions._add('one more')).toBe(true);
  expect(engine('b').functions._add('event 0')).toBe(true);
});

test('a failed handler is logged with its event and counted', () => {
  const { hub, engine } = open();
  const a = engine('a');
  a.functions._report('x', Buffer.from('boom\nstack traceback:'));
  expect(a.log.at('error')).toEqual(['a handler of the event x failed: boom\nstack traceback:']);
  expect(hub.counters.get('events.handler_failed')).toBe(1);
});
