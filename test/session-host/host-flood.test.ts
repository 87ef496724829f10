/** A session host under load: floods, clients that do not read or are killed, programs that do not read. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HostConnection, startHost } from '../support/host-process.js';
import { distUrl } from '../support/import-from-dist.js';
import { tempDir } from '../support/temp-repo.js';
import { until } from '../support/until.js';

const MIB = 1024 * 1024;
/** Prints numbered lines for ever. */
const FLOOD = [
  '-c',
  'i=0; while :; do i=$((i+1)); echo "line $i of a flood that does not end by itself"; done',
];

/** A file of lines, and how to print it byte for byte. */
function bigFile(bytes: number): { path: string; content: Buffer; print: string[] } {
  const path = join(tempDir(), 'big');
  const content = Buffer.from(
    randomBytes((bytes * 3) / 4)
      .toString('base64')
      .replace(/(.{76})/g, '$1\r\n'),
  );
  writeFileSync(path, content);
  return { path, content, print: ['-c', `stty raw; cat ${path}`] };
}

async function history(
  client: HostConnection,
  id: string,
  since?: number,
): Promise<{ offset: number; bytes: Buffer }> {
  const pieces: Buffer[] = [];
  let first: number | undefined;
  for (let at = since; ; ) {
    const { offset, data_base64, end } = await client.request('session.history', {
      id,
      ...(at === undefined ? {} : { since: at }),
    });
    first ??= offset;
    if (at !== undefined && pieces.length > 0) expect(offset, 'no gap').toBe(at);
    const piece = Buffer.from(data_base64, 'base64');
    pieces.push(piece);
    at = offset + piece.length;
    if (piece.length === 0 || at >= end) return { offset: first, bytes: Buffer.concat(pieces) };
  }
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a flood', () => {
  it('loses nothing: in the history, and for a client without a hole', async () => {
    const { content, print } = bigFile(24 * MIB);
    const client = await (await startHost()).connect();
    await client.request('host.watch', {});
    const { uuid } = await client.spawn('sh', print, { cols: 200 });
    const attach = await client.attach(uuid, { offset: 0, credit: 16 * MIB });
    await attach.ended();
    expect(attach.fault).toBeUndefined();
    expect(attach.offset).toBe(content.length);
    // What it got since its last snapshot, if it ever needed one, is the end of the file.
    const tail = Buffer.concat(attach.bytes);
    expect(digest(tail)).toBe(digest(content.subarray(content.length - tail.length)));
    expect((await client.record(uuid)).offset).toBe(content.length);
    const recorded = await history(client, uuid);
    expect(recorded.offset).toBe(0);
    expect(digest(recorded.bytes)).toBe(digest(content));
  });

  it('does not grow the host when a client is stalled, which later ends at the true screen', async () => {
    const { content, print } = bigFile(24 * MIB);
    const host = await startHost();
    const client = await host.connect();
    await client.request('host.watch', {});
    const { uuid } = await client.spawn(
      'sh',
      [
        '-c',
        `${`${print[1]};`.repeat(3)} printf 'warm'; read go; ${`${print[1]};`.repeat(6)} printf 'the very end'; read stay`,
      ],
      {
        cols: 200,
      },
    );
    const stalled = await client.attach(uuid, { offset: 0, credit: 1000, reads: false });
    const other = await host.connect();
    const live = await other.attach(uuid);
    await live.until('warm');
    const warmMb = (await client.request('host.status', {})).rss_mb;
    live.type('\n');
    await live.until('the very end');
    // The stalled client has missed twice as much since. What is only not collected yet is gone soon.
    const mostMb = warmMb + (3 * content.length) / MIB;
    await until(async () => (await client.request('host.status', {})).rss_mb < mostMb);
    expect(stalled.received).toBeLessThanOrEqual(1000);
    stalled.readOn(256 * 1024);
    await stalled.until('the very end');
    expect(stalled.snapshots).toHaveLength(1);
    expect(stalled.offset).toBe(live.offset);
    expect((await client.record(uuid)).offset).toBeGreaterThan(9 * content.length);
  });

  it('does not grow the host when a client grants credit and does not read its socket', async () => {
    const host = await startHost();
    const client = await host.connect();
    const { uuid } = await client.spawn('sh', FLOOD);
    const deaf = await host.connect();
    const attach = await deaf.attach(uuid, { credit: 16 * MIB });
    deaf.socket.pause();
    const live = await client.attach(uuid);
    const before = live.received;
    await until(() => {
      attach.grant(4 * MIB);
      return live.received > before + 4 * MIB;
    });
    expect(live.fault).toBeUndefined();
    const { rss_mb } = await client.request('host.status', {});
    expect(rss_mb).toBeLessThan(250);
    deaf.socket.resume();
    const now = live.offset as number;
    await until(() => (attach.offset ?? 0) >= now);
    expect(attach.fault).toBeUndefined();
  });

  it('goes on for others when a client is killed in the middle of it', async () => {
    const host = await startHost();
    const client = await host.connect();
    const { uuid } = await client.spawn('sh', FLOOD);
    const live = await client.attach(uuid);
    for (let round = 0; round < 5; round++) {
      const program = spawn(process.execPath, [
        fileURLToPath(new URL('../fixtures/programs/flood-client.mjs', import.meta.url)),
        distUrl('protocol/client.js').href,
        host.config.socket_path,
        host.token,
        uuid,
      ]);
      onTestFinished(() => void program.kill('SIGKILL'));
      // It says so once it gets output.
      await new Promise((resolve) => program.stdout.once('data', resolve));
      program.kill('SIGKILL');
      const before = live.received;
      await live.untilReceived(before + 100_000);
    }
    expect(live.fault).toBeUndefined();
    await until(async () => (await client.request('host.status', {})).connections === 1);
    expect((await client.record(uuid)).attached).toBe(1);
    expect(host.log()).not.toMatch(/uncaught|unhandled/);
  });

  it('of input into a program that does not read is refused, in whole frames, and harms nobody', async () => {
    const host = await startHost();
    const client = await host.connect();
    const { uuid } = await client.spawn('sh', ['-c', 'stty raw -echo; echo ready; exec sleep 1000']);
    const attach = await client.attach(uuid);
    await attach.until('ready');
    const piece = new Uint8Array(512 * 1024).fill(97);
    for (let i = 0; i < 40; i++) attach.type(piece);
    const refused = await client.event('attach.input_refused');
    expect(refused).toMatchObject({ attach: attach.id, bytes_count: piece.length, reason: 'input_full' });
    const data_base64 = Buffer.from(piece).toString('base64');
    await expect(client.request('session.send', { id: uuid, data_base64 })).rejects.toMatchObject({
      code: 'session.input_full',
    });
    const other = await client.spawn('cat');
    const echo = await client.attach(other.uuid);
    echo.type('hello\n');
    await echo.until('hello');
    await client.request('session.kill', { id: uuid });
    expect((await client.request('host.status', {})).rss_mb).toBeLessThan(250);
  });
});

describe('a watcher that does not read', () => {
  it('is closed with a code, and hears all again when it comes back', async () => {
    const host = await startHost();
    const deaf = await host.connect();
    await deaf.request('host.watch', {});
    const client = await host.connect();
    const { uuid } = await client.spawn('cat');
    deaf.socket.pause();
    await until(async () => {
      await client.request('session.update', {
        id: uuid,
        meta: { filler: randomBytes(24_000).toString('hex') },
      });
      return (await client.request('host.status', {})).connections === 1;
    });
    // The log is written a moment later.
    await until(() => Promise.resolve(host.log().includes('host.slow_client')));
    const again = await host.connect();
    expect((await again.request('host.watch', {})).sessions).toHaveLength(1);
  });
});
