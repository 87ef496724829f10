/** The session host of a bench's hub, as its files say. */
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { Client } from '../../protocol/client.js';
import { HOST_PROTOCOL_VERSION, hostMethods, hostVersionMismatch } from '../../protocol/host-methods.js';
import type { StartedHub } from '../hub-process.js';

export type HostClient = Client<typeof hostMethods> & { readonly end: () => void };

function fileOf(hub: StartedHub, name: string): string {
  return join(dirname(hub.socket), name);
}

export function hostPid(hub: StartedHub): number {
  return (JSON.parse(readFileSync(fileOf(hub, 'host.pid'), 'utf8')) as { pid: number }).pid;
}

/** A connection to the host itself, past the hub. */
export async function connectHost(hub: StartedHub): Promise<HostClient> {
  const socket = createConnection(fileOf(hub, 'host.sock'));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const client = new Client({
    methods: hostMethods,
    hello: {
      protocol_version: HOST_PROTOCOL_VERSION,
      client: 'bench',
      version: '0',
      token: readFileSync(fileOf(hub, 'host.token'), 'utf8').trim(),
    },
    mismatch: hostVersionMismatch,
    serverName: 'session host',
    send: (bytes) => void socket.write(bytes),
    close: () => void socket.destroy(),
  });
  socket.on('data', (chunk) => client.receive(chunk));
  socket.on('close', () => client.closed());
  await client.greeted;
  return Object.assign(client, { end: () => void socket.destroy() });
}

/** Ends the host with all its sessions; one that is not there is no error. */
export async function stopHost(hub: StartedHub): Promise<void> {
  try {
    const host = await connectHost(hub);
    await host.request('host.stop', { force: true }).catch(() => undefined);
    host.end();
  } catch {
    // it never ran, or is gone
  }
}

/** All bytes of the session's history from `since` on. */
export async function readHistory(host: HostClient, id: string, since = 0): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = since; ; ) {
    const { offset, data_base64, end } = await host.request('session.history', { id, since: at });
    const bytes = Buffer.from(data_base64, 'base64');
    if (offset !== at) throw new Error(`history of ${id}: ${offset} expected at ${at}`);
    pieces.push(bytes);
    at += bytes.length;
    if (bytes.length === 0 || at >= end) return Buffer.concat(pieces);
  }
}
