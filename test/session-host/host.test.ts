/** Sessions as clients of a real session host see them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HostConnection, startHost } from '../support/host-process.js';
import { tempDir } from '../support/temp-repo.js';

async function watching(more = {}): Promise<HostConnection> {
  const client = await (await startHost(more)).connect();
  await client.request('host.watch', {});
  return client;
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: { code: string }) => error.code,
  );

describe('a session', () => {
  it('is started, typed into, seen, and ends with its exit code', async () => {
    const client = await watching();
    const session = await client.spawn('sh', [], { name: 'shell', meta: { branch: 'x' }, port: 46_001 });
    expect(session).toMatchObject({
      state: 'running',
      name: 'shell',
      cmd: 'sh',
      start_dir: '/',
      rows: 24,
      cols: 80,
      size_policy: 'latest',
      meta: { branch: 'x' },
      port: 46_001,
    });
    const attach = await client.attach(session.uuid);
    attach.type('echo $((6 * 7))\n');
    await attach.until('42');
    attach.type('exit 3\n');
    expect(await client.exitOf(session.uuid)).toMatchObject({ code: 3 });
    expect(await attach.ended()).toMatchObject({ reason: 'exited', exit: { code: 3 } });
    const { sessions } = await client.request('session.list', {});
    expect(sessions).toHaveLength(1);
    expect(sessions[0]).toMatchObject({ state: 'exited', uuid: session.uuid, offset: attach.offset });
    expect(sessions[0]?.pid).toBeUndefined();
  });

  it('has the environment it was given and a TERM, and nothing else', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('/usr/bin/env', [], { env: { A: 'b=c' } });
    await client.exitOf(uuid);
    const { text } = await client.request('session.screen', { id: uuid });
    expect(text.split('\n').sort()).toEqual(['A=b=c', 'TERM=xterm-256color']);
  });

  it('gets its bytes as they are typed, through a request too', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('sh', ['-c', 'stty raw -echo; echo ready; exec od -An -tx1 -N6']);
    const attach = await client.attach(uuid);
    await attach.until('ready');
    const data_base64 = Buffer.from([0, 0xff, 3]).toString('base64');
    await client.request('session.send', { id: uuid, data_base64 });
    attach.type(Uint8Array.of(0xc3, 0x28, 10));
    await attach.until('00 ff 03 c3 28 0a');
  });

  it('says with a code what it cannot start', async () => {
    const client = await watching({ max_sessions: 2 });
    const dir = tempDir();
    writeFileSync(join(dir, 'plain'), '');
    mkdirSync(join(dir, 'folder'));
    expect(await code(client.spawn('no-such-command'))).toBe('session.command_not_found');
    expect(await code(client.spawn(join(dir, 'plain')))).toBe('session.command_not_found');
    expect(await code(client.spawn(join(dir, 'folder')))).toBe('session.command_not_found');
    expect(await code(client.spawn('sh', [], { cwd: join(dir, 'none') }))).toBe('session.bad_cwd');
    expect(await code(client.spawn('sh', [], { cwd: 'relative' }))).toBe('session.bad_cwd');
    expect(await code(client.spawn('sh', [], { env: { A: 'x\0y' } }))).toBe('session.bad_env');
    expect(await code(client.spawn('sh', [], { uuid: '../../etc' }))).toBe('session.bad_uuid');
    expect(await code(client.spawn('sh', [], { rows: 0 }))).toBe('host.bad_params');
    expect(await code(client.spawn('sh', [], { meta: { x: 'y'.repeat(70_000) } }))).toBe(
      'session.meta_too_large',
    );
    const { uuid } = await client.spawn('cat');
    expect(await code(client.spawn('cat', [], { uuid }))).toBe('session.exists');
    expect((await client.request('session.list', {})).sessions).toHaveLength(1);
  });

  it('is one of at most max_sessions; those that ended do not count', async () => {
    const client = await watching({ max_sessions: 2 });
    const first = await client.spawn('cat');
    const more = await Promise.allSettled([1, 2, 3, 4].map(() => client.spawn('cat')));
    expect(more.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = more.filter((one) => one.status === 'rejected').map(({ reason }) => reason as Error);
    expect(refused[0]).toMatchObject({ code: 'session.limit', details: { max_sessions: 2 } });
    expect(refused[0]?.message).toMatch(/^2 sessions run.*max_sessions/);
    await client.request('session.kill', { id: first.uuid });
    await client.spawn('cat');
  });

  it('is found by its name or the beginning of its uuid', async () => {
    const client = await watching();
    const uuids = ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'];
    for (const uuid of uuids) await client.spawn('cat', [], { uuid, name: 'twin' });
    const other = await client.spawn('cat', [], {
      uuid: 'bbbbbbbb-0000-4000-8000-000000000003',
      name: 'one',
    });
    for (const id of ['b', 'bbbbbbbb-', 'one', other.uuid])
      expect((await client.record(id)).uuid).toBe(other.uuid);
    for (const id of ['a', 'twin', 'aaaaaaaa-0000-4000-8000-00000000000']) {
      await expect(client.record(id)).rejects.toMatchObject({
        code: 'session.ambiguous',
        details: { matches: uuids.map((uuid) => ({ uuid, name: 'twin' })) },
      });
    }
    expect(await code(client.record('c'))).toBe('session.not_found');
  });

  it('takes another name and more meta; watchers hear of it', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('cat', [], { name: 'a', meta: { x: 1, y: [2] } });
    const { session } = await client.request('session.update', {
      id: uuid,
      name: 'b',
      meta: { y: null, z: 'q' },
    });
    expect(session).toMatchObject({ name: 'b', meta: { x: 1, y: null, z: 'q' } });
    await client.event('session.updated', (data) => data.session.name === 'b');
    expect(
      await code(client.request('session.update', { id: uuid, meta: { big: 'x'.repeat(70_000) } })),
    ).toBe('session.meta_too_large');
    expect((await client.record('b')).meta).toEqual({ x: 1, y: null, z: 'q' });
  });

  it('tells what its program says: title, bell, busy and idle', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('sh', [
      '-c',
      String.raw`printf '\033]0;the title\007'; printf '\007'; exec cat`,
    ]);
    expect(await client.event('session.title')).toMatchObject({ session_uuid: uuid, title: 'the title' });
    await client.event('session.bell');
    const busy = await client.event('session.activity', ({ activity }) => activity === 'busy');
    expect(busy.session_uuid).toBe(uuid);
    const idle = await client.event('session.activity', ({ activity }) => activity === 'idle');
    expect(idle.last_output_ms).toBeGreaterThan(Date.now() - 10_000);
    expect(await client.record(uuid)).toMatchObject({
      title: 'the title',
      activity: 'idle',
      offset: idle.offset,
    });
  });
});

describe('kill', () => {
  it('ends all processes of a session, those that ignore a hang-up too', async () => {
    const client = await watching();
    const stubborn = `trap '' HUP TERM; echo ready; while :; do sleep 1; done`;
    const { uuid } = await client.spawn('sh', ['-c', stubborn]);
    await (await client.attach(uuid)).until('ready');
    const { session } = await client.request('session.kill', { id: uuid, grace_ms: 50 });
    expect(session).toMatchObject({ state: 'exited', exit: { signal: 9 } });
    const again = await client.request('session.kill', { id: uuid });
    expect(again.session.state, 'ended: no error').toBe('exited');
  });

  it('with a signal sends that and no more', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('sh', [
      '-c',
      `trap 'echo got it' USR1; echo ready; while :; do sleep 0.05; done`,
    ]);
    const attach = await client.attach(uuid);
    await attach.until('ready');
    const { session } = await client.request('session.kill', { id: uuid, signal: 'USR1' });
    expect(session.state).toBe('running');
    await attach.until('got it');
    await client.request('session.kill', { id: uuid, signal: 'KILL' });
    expect(await client.exitOf(uuid)).toMatchObject({ signal: 9 });
  });
});

describe('a session that has ended', () => {
  it('shows its last screen, its output and its end to who comes late', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('sh', ['-c', 'for i in 1 2 3; do echo line $i; done; exit 5']);
    await client.exitOf(uuid);
    expect((await client.request('session.screen', { id: uuid })).text).toBe('line 1\nline 2\nline 3');
    const ansi = await client.request('session.screen', { id: uuid, ansi: true });
    expect(ansi.text).toContain('line 2');
    const late = await client.attach(uuid);
    expect(await late.ended()).toMatchObject({ reason: 'exited', exit: { code: 5 } });
    expect(late.snapshots).toHaveLength(1);
    expect(late.all).toContain('line 3');
    const withOffset = await client.attach(uuid, { offset: 8 });
    await withOffset.ended();
    expect(withOffset).toMatchObject({ text: 'line 2\r\nline 3\r\n', snapshots: [] });
    const { offset, data_base64, end } = await client.request('session.history', { id: uuid });
    expect(Buffer.from(data_base64, 'base64').toString()).toBe('line 1\r\nline 2\r\nline 3\r\n');
    expect({ offset, end }).toEqual({ offset: 0, end: 24 });
  });

  it('refuses what only a running one can do', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('true');
    await client.exitOf(uuid);
    expect(await code(client.request('session.send', { id: uuid, data_base64: '' }))).toBe('session.ended');
    expect(await code(client.request('session.resize', { id: uuid, rows: 9, cols: 9 }))).toBe(
      'session.ended',
    );
    const late = await client.attach(uuid, { credit: 0 });
    late.type('x');
    expect(await client.event('attach.input_refused')).toMatchObject({ bytes_count: 1, reason: 'ended' });
  });

  it('is removed on request, and only then', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('cat');
    expect(await code(client.request('session.remove', { id: uuid }))).toBe('session.running');
    await client.request('session.kill', { id: uuid });
    const stalled = await client.attach(uuid, { credit: 0 });
    await client.request('session.remove', { id: uuid });
    expect(await stalled.ended()).toMatchObject({ reason: 'removed' });
    await client.event('session.removed', (data) => data.session_uuid === uuid);
    expect(await code(client.record(uuid))).toBe('session.not_found');
    expect((await client.request('session.list', { ended: true })).sessions).toEqual([]);
  });

  it('is kept in memory with the last fifty, and on disk after that', async () => {
    const client = await watching();
    const uuids: string[] = [];
    for (let i = 0; i < 53; i++) {
      const { uuid } = await client.spawn('sh', ['-c', `echo number ${i}`]);
      uuids.push(uuid);
      await client.exitOf(uuid);
    }
    await client.event('session.removed', (data) => data.session_uuid === uuids[2]);
    expect((await client.request('session.list', {})).sessions).toHaveLength(50);
    const all = (await client.request('session.list', { ended: true })).sessions;
    expect(all.map(({ uuid }) => uuid)).toEqual(uuids);
    const [first = ''] = uuids;
    expect((await client.request('session.screen', { id: first })).text).toBe('number 0');
    const late = await client.attach(first);
    await late.ended();
    expect(late.all).toContain('number 0');
    expect(await code(client.request('session.send', { id: first, data_base64: '' }))).toBe('session.ended');
    expect((await client.request('session.kill', { id: first })).session.state).toBe('exited');
    await client.request('session.remove', { id: first });
    expect(await code(client.record(first))).toBe('session.not_found');
  });
});

describe('the output of a session', () => {
  const text = (bytes: string) => Buffer.from(bytes, 'base64').toString();

  it('can be read while it runs, from any offset, in pieces', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('sh', ['-c', 'seq 1 20000; exec cat'], { ring_bytes: 64 * 1024 });
    const attach = await client.attach(uuid);
    await attach.until('20000\r\n');
    const end = attach.offset as number;
    let all = '';
    for (let since = 0; since < end; ) {
      const piece = await client.request('session.history', { id: uuid, since, max_bytes: 10_000 });
      expect(piece).toMatchObject({ offset: since, end });
      all += text(piece.data_base64);
      since = all.length;
    }
    expect(all).toBe(Array.from({ length: 20_000 }, (_, i) => `${i + 1}\r\n`).join(''));
    const last = await client.request('session.history', { id: uuid, since: end - 7 });
    expect(text(last.data_base64)).toBe('20000\r\n');
    const beyond = await client.request('session.history', { id: uuid, since: end + 9 });
    expect(beyond).toEqual({ offset: end, data_base64: '', end });
  });

  it('is there as far as memory has it when nothing is recorded', async () => {
    const client = await watching();
    const more = { ring_bytes: 64 * 1024, history_bytes: 0 };
    const { uuid } = await client.spawn('sh', ['-c', 'seq 1 20000; exec cat'], more);
    const attach = await client.attach(uuid);
    await attach.until('20000\r\n');
    const end = attach.offset as number;
    for (const params of [{ id: uuid }, { id: uuid, since: 5 }]) {
      const { offset, data_base64 } = await client.request('session.history', params);
      expect(offset).toBe(end - 64 * 1024);
      expect(text(data_base64)).toMatch(/20000\r\n$/);
    }
    await client.request('session.kill', { id: uuid, signal: 'KILL' });
    await attach.ended();
    expect(text((await client.request('session.history', { id: uuid })).data_base64)).toMatch(/20000\r\n$/);
  });
});

describe('the size of a session', () => {
  // Looks instead of waiting for the signal: shells lose one that comes while they handle another.
  const sizes = `while :; do new=$(stty size); [ "$new" = "$old" ] || echo $new; old=$new; sleep 0.02; done`;

  it('follows the client who attached, typed or focused last', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('sh', ['-c', sizes]);
    const desk = await client.attach(uuid, { rows: 50, cols: 120 });
    await desk.until('50 120');
    expect(await client.record(uuid)).toMatchObject({ rows: 50, cols: 120 });
    const phone = await client.attach(uuid, { rows: 20, cols: 40 });
    await desk.until('20 40');
    desk.type('\n');
    await desk.until('50 120');
    await client.request('session.view', { attach: phone.id, rows: 21, cols: 41 });
    await client.request('session.view', { attach: phone.id, focused: true });
    await desk.until('21 41');
    await phone.detach();
    expect((await client.record(uuid)).rows, 'it keeps its size').toBe(21);
    await client.request('session.set_size_policy', { id: uuid, policy: 'pinned' });
    desk.type('\n');
    await client.request('session.resize', { id: uuid, rows: 33, cols: 99 });
    await desk.until('33 99');
    expect(await client.record(uuid)).toMatchObject({ size_policy: 'pinned', rows: 33, cols: 99 });
    const told = client.events.filter(({ name }) => name === 'attach.resized').map(({ data }) => data);
    expect(told).toContainEqual({ attach: desk.id, rows: 33, cols: 99 });
    expect(desk.fault).toBeUndefined();
  });

  it('that grows shows what was above to clients that never saw it', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('sh', ['-c', "seq -f 'line-%g.' 30; read stay"]);
    await (await client.attach(uuid)).until('line-30.');
    const late = await client.attach(uuid);
    expect(await late.until('line-30.')).not.toContain('line-1.');
    await client.request('session.resize', { id: uuid, rows: 40, cols: 80 });
    expect(await late.until('line-1.')).toContain('line-30.');
    expect(late.snapshots.map(({ rows }) => rows)).toEqual([24, 40]);
    expect(late.fault).toBeUndefined();
  });

  it('is not changed by who only looks on', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('cat');
    const viewer = await client.attach(uuid);
    const guest = await client.attach(uuid, { rows: 5, cols: 5, view_only: true });
    viewer.type('x');
    guest.type('y');
    await client.request('session.view', { attach: guest.id, rows: 6, cols: 6, focused: true });
    expect(await client.event('attach.input_refused')).toMatchObject({
      attach: guest.id,
      reason: 'view_only',
    });
    await viewer.until('x');
    expect(viewer.all).not.toContain('y');
    expect(await client.record(uuid)).toMatchObject({ rows: 24, cols: 80 });
  });

  it('does not follow every pixel of a dragged window, but ends where that ends', async () => {
    const client = await watching();
    const { uuid } = await client.spawn('sh', ['-c', sizes]);
    const attach = await client.attach(uuid, { rows: 10, cols: 10 });
    await attach.until('10 10');
    const drag = Array.from({ length: 60 }, (_, i) => ({ attach: attach.id, rows: 41 + i, cols: 41 + i }));
    await Promise.all(drag.map((view) => client.request('session.view', view)));
    await attach.until('100 100');
    const changes = attach.all.match(/\d+ \d+/g) ?? [];
    expect(changes.length).toBeLessThan(30);
  });
});
