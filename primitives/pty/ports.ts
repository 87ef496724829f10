/**
 * TCP ports for dev servers in sessions, so that parallel ones do not collide.
 *
 * A leased port was free on this machine's loopback addresses and is held by listening on it until it is released,
 * which is just before the session's program starts. Ports are handed out in turn from a random beginning: two hubs
 * rarely meet, and a port that was just given back is not given out at once.
 */
import { createConnection, createServer, type Server } from 'node:net';
import { fail, type HubError } from '../../base/errors.js';

/** Above the ports that dev servers choose for themselves. */
export const FIRST_PORT = 46_000;
export const LAST_PORT = 61_999;
const COUNT = LAST_PORT - FIRST_PORT + 1;
/** More are a plugin that forgets to release. */
export const MAX_LEASES = 256;
/** With so many in a row taken, something is wrong with this machine. */
const MAX_TRIES = 500;
const ADDRESSES = ['127.0.0.1', '::1'];

export class PortLeases {
  readonly #held = new Map<number, readonly Server[]>();
  #next: number;

  constructor(random = Math.random) {
    this.#next = Math.floor(random() * COUNT);
  }

  /** Leases a port that is not in `exclude`. */
  async lease(exclude: ReadonlySet<number>): Promise<number | HubError<'pty.no_port'>> {
    if (this.#held.size >= MAX_LEASES)
      return fail('pty.no_port', `${MAX_LEASES} ports are leased already: release some`);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const port = FIRST_PORT + this.#next;
      this.#next = (this.#next + 1) % COUNT;
      if (exclude.has(port) || this.#held.has(port)) continue;
      // Taken now, so that a lease that is made meanwhile does not try the same one.
      this.#held.set(port, []);
      const servers = await hold(port);
      if (servers !== undefined) {
        this.#held.set(port, servers);
        return port;
      }
      this.#held.delete(port);
    }
    return fail('pty.no_port', `${MAX_TRIES} ports between ${FIRST_PORT} and ${LAST_PORT} are all in use`);
  }

  /** Resolves when the port can be bound by others. A port that is not held is no error. */
  async release(port: number): Promise<void> {
    const servers = this.#held.get(port) ?? [];
    this.#held.delete(port);
    await Promise.all(servers.map(close));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((port) => this.release(port)));
  }
}

/** Listens on the port; undefined if somebody else does. */
async function hold(port: number): Promise<readonly Server[] | undefined> {
  // Some systems let one listen on an address of a port that another has on all addresses.
  if (await answers(port)) return undefined;
  const servers: Server[] = [];
  for (const address of ADDRESSES) {
    const server = await listen(port, address);
    if (server === 'taken') {
      await Promise.all(servers.map(close));
      return undefined;
    }
    if (server !== 'no such address') servers.push(server);
  }
  return servers.length === 0 ? undefined : servers;
}

function listen(port: number, address: string): Promise<Server | 'taken' | 'no such address'> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT' ? 'no such address' : 'taken'),
    );
    server.listen({ port, host: address, exclusive: true }, () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
