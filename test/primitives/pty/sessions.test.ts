/** What the hub knows and tells of sessions, from the facts as they come. */
import { expect, test } from 'vitest';
import { Counters } from '../../../base/counters.js';
import type { PtyEvent } from '../../../primitives/pty/pty.calls.js';
import { Sessions } from '../../../primitives/pty/sessions.js';
import type { SessionRecord } from '../../../protocol/session.js';
import { sessionRecord } from '../../support/fake-session-host.js';
import { MemoryLog } from '../../support/memory-log.js';
import { VirtualClock } from '../../support/virtual-clock.js';

function open() {
  /** Names of what was told, with the sessions' uuids. */
  const told: string[] = [];
  const data: unknown[] = [];
  const sessions = new Sessions({
    clock: new VirtualClock(),
    log: new MemoryLog(),
    counters: new Counters(),
    notify: (name: string, fields: { session_uuid?: string; sessions?: SessionRecord[] }) => {
      told.push(`${name} ${fields.session_uuid ?? fields.sessions?.map(({ uuid }) => uuid).join()}`);
      data.push(fields);
    },
  } as never);
  const happen = (...events: Exclude<PtyEvent, { type: 'pty.answered' }>[]): void => {
    for (const event of events) (sessions.handlers[event.type] as (event: PtyEvent) => void)(event);
  };
  const adopt = (connection: number, records: SessionRecord[], pid = 7): void =>
    happen({ type: 'pty.adopted', connection, host: { pid, version: '1.2.3' }, sessions: records });
  return { sessions, told, data, happen, adopt };
}

const ended = { state: 'exited', exit: { code: 3, at: 'x' } } as const;

test('what happened while the connection was down is told when it is back, once', () => {
  const { sessions, told, data, happen, adopt } = open();
  adopt(1, [sessionRecord('a'), sessionRecord('b'), sessionRecord('c', ended), sessionRecord('d')]);
  happen({ type: 'pty.disconnected', connection: 1 });
  expect(sessions.status().session_host).toMatchObject({ connected: false, sessions: 3, pid: 7 });
  expect(sessions.list()).toHaveLength(4);
  told.length = 0;
  data.length = 0;
  adopt(2, [sessionRecord('a'), sessionRecord('b', ended), sessionRecord('e')]);
  expect(told).toEqual([
    'process_exited b',
    'session_removed c',
    'process_exited d',
    'session_removed d',
    'sessions_adopted a,b,e',
  ]);
  expect(data[0]).toEqual({
    session_uuid: 'b',
    session_name: undefined,
    exit_code: 3,
    signal: undefined,
    lost: false,
  });
  expect(data[2]).toMatchObject({ session_uuid: 'd', lost: true });
});

test('what has ended does not run again, whatever an older record says; what is forgotten stays so', () => {
  const { sessions, happen, adopt } = open();
  adopt(1, [sessionRecord('a'), sessionRecord('b', ended)]);
  happen({ type: 'pty.exited', session_uuid: 'a', exit: { code: 0, at: 'x' } });
  happen({ type: 'pty.updated', session: sessionRecord('a', { name: 'new' }) });
  expect(sessions.get('a')).toMatchObject({ name: 'new', state: 'exited', exit: { code: 0 } });
  expect(sessions.get('a')).not.toHaveProperty('pid');
  sessions.put(sessionRecord('a'));
  expect(sessions.get('a')).toMatchObject({ state: 'exited', exit: { code: 0 } });
  happen({ type: 'pty.removed', session_uuid: 'b' });
  happen({ type: 'pty.updated', session: sessionRecord('b', ended) });
  expect(sessions.list().map(({ uuid }) => uuid)).toEqual(['a']);
});

test('another host does not know the ended sessions of the last one, which are no less there for that', () => {
  const { told, happen, adopt } = open();
  adopt(1, [sessionRecord('a'), sessionRecord('b', ended)]);
  happen({ type: 'pty.host_gone', pid: 7 });
  expect(told.slice(1)).toEqual(['process_exited a', 'session_host_lost a']);
  told.length = 0;
  adopt(2, [], 8);
  expect(told).toEqual([]);
});

test('a host that ends without sessions is no loss', () => {
  const { sessions, told, happen, adopt } = open();
  adopt(1, []);
  happen({ type: 'pty.disconnected', connection: 1 }, { type: 'pty.host_gone', pid: 7 });
  expect(told).toEqual([]);
  expect(sessions.status()).toEqual({ sessions: [], session_host: { connected: false, sessions: 0 } });
});

test('facts that lag behind a newer list, or come after the end, change nothing', () => {
  const { sessions, told, happen, adopt } = open();
  adopt(1, [sessionRecord('a', { title: 'old' })]);
  adopt(2, [sessionRecord('a', { title: 'new' })]);
  told.length = 0;
  happen({ type: 'pty.title', connection: 1, session_uuid: 'a', title: 'older' });
  happen({ type: 'pty.title', connection: 2, session_uuid: 'gone', title: 'x' });
  happen({ type: 'pty.exited', session_uuid: 'a', exit: { code: 0, at: 'x' } });
  happen({
    type: 'pty.activity',
    connection: 2,
    session_uuid: 'a',
    activity: 'busy',
    last_output_ms: 5,
    offset: 5,
  });
  expect(told).toEqual(['process_exited a']);
  expect(sessions.get('a')).toMatchObject({ title: 'new', state: 'exited', activity: 'idle' });
  expect(sessions.get('a')).not.toHaveProperty('pid');
  // The last title of a program that ended is worth something.
  happen({ type: 'pty.title', connection: 2, session_uuid: 'a', title: 'last' });
  expect(sessions.get('a')).toMatchObject({ title: 'last' });
});

test('an answer to a spawn that came before the fact is not undone by it', () => {
  const { sessions, told, happen, adopt } = open();
  adopt(1, []);
  sessions.put(sessionRecord('a', { name: 'changed since' }));
  happen({ type: 'pty.started', session: sessionRecord('a') });
  expect(sessions.get('a')).toMatchObject({ name: 'changed since' });
  expect(told).toEqual(['session_started a']);
});

test('ids are uuids or what only one begins with', () => {
  const { sessions, adopt } = open();
  adopt(1, [sessionRecord('abc'), sessionRecord('abd'), sessionRecord('ab')]);
  expect(sessions.find('ab')).toMatchObject({ uuid: 'ab' });
  expect(sessions.find('abc')).toMatchObject({ uuid: 'abc' });
  expect(sessions.find('a')).toMatchObject({
    code: 'session.ambiguous',
    details: { matches: ['abc', 'abd', 'ab'] },
  });
  expect(sessions.find('')).toMatchObject({ code: 'session.not_found' });
});

test('status says what is the matter until it is over', () => {
  const { sessions, happen, adopt } = open();
  expect(sessions.status()).toEqual({ sessions: [] });
  happen({ type: 'pty.unusable', code: 'host.version_mismatch', message: 'too old' });
  expect(sessions.status().session_host).toEqual({ connected: false, sessions: 0, error: 'too old' });
  adopt(1, [sessionRecord('a', { name: 'n' }), sessionRecord('b', ended)]);
  expect(sessions.status()).toEqual({
    sessions: [
      { uuid: 'a', state: 'running', label: 'n' },
      { uuid: 'b', state: 'exited' },
    ],
    session_host: { pid: 7, version: '1.2.3', connected: true, sessions: 1 },
  });
});

test('ports of running sessions are taken', () => {
  const { sessions, adopt } = open();
  adopt(1, [sessionRecord('a', { port: 5 }), sessionRecord('b', { ...ended, port: 6 }), sessionRecord('c')]);
  expect(sessions.ports()).toEqual([5]);
});
