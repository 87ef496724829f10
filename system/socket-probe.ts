/**
 * Asks the kernel whether a process listens on a unix socket. Sends nothing, changes nothing.
 */
import { createConnection } from 'node:net';
import { HubError } from '../base/errors.js';

/** live: somebody listens. stale: a socket file whose process is gone. absent: no such file. */
export type SocketState = 'live' | 'stale' | 'absent';

/** Errors: hub.socket_unusable (something that is no reachable socket is at the path). */
export function probeSocket(path: string): Promise<SocketState> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('live');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.destroy();
      if (error.code === 'ENOENT') resolve('absent');
      else if (error.code === 'ECONNREFUSED') resolve('stale');
      // A full accept queue: its owner is busy or stopped, but alive.
      else if (error.code === 'EAGAIN') resolve('live');
      else reject(unusable(path, error));
    });
  });
}

function unusable(path: string, cause: NodeJS.ErrnoException): HubError {
  return new HubError('hub.socket_unusable', `Cannot use the socket ${path}: ${cause.message}.`, { cause });
}
