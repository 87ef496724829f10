/**
 * One connection to the session host: what system/server-connection.ts does, for clients that present the host's token.
 *
 * Output stops while its socket is full; answers and events beyond a bound close it, with a coded error.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { fail, type HubError } from '../base/errors.js';
import { hostVersionMismatch } from '../protocol/host-methods.js';
import { decodeTerminalFrame, type TerminalFrame } from '../protocol/terminal-frames.js';
import { ServerConnection, type ServerConnectionOptions } from '../system/server-connection.js';
import type { HostLimits } from './limits.js';

export interface ConnectionOptions
  extends Pick<ServerConnectionOptions, 'hello' | 'clock' | 'onHello' | 'onRequest' | 'onBug'> {
  /** What a client must present. */
  readonly token: string;
  readonly limits: HostLimits;
  /** Input or credit. */
  readonly onTerminal: (frame: TerminalFrame) => void;
  /** It takes output again. */
  readonly onWritable: () => void;
  /** Called once. `code` of the error that ended it, if one did. */
  readonly onClosed: (reason: string, code: string | undefined) => void;
}

export class Connection extends ServerConnection {
  readonly #socket: Socket;
  readonly #maxQueuedOutputBytes: number;

  /** Takes over an accepted socket and greets. */
  constructor(socket: Socket, options: ConnectionOptions) {
    const { hello, token, limits, onTerminal, onWritable, onClosed } = options;
    super(socket, {
      ...options,
      serverName: 'session host',
      tooManyRequestsCode: 'host.too_many_requests',
      slowClient,
      cutsOffSlow: false,
      // The version first: a client of another one may not know of tokens.
      refuses: (client) => hostVersionMismatch(hello, client) ?? notAuthorized(client.token ?? '', token),
      onTerminal: ({ type, payload }) => onTerminal(decodeTerminalFrame(type, payload)),
      onDrain: onWritable,
      onClosed: (reason, error) => onClosed(reason, error?.code),
    });
    this.#socket = socket;
    this.#maxQueuedOutputBytes = limits.maxQueuedOutputBytes;
  }

  /** Whether it takes output and snapshots now; `onWritable` follows when it does not. */
  get writable(): boolean {
    return this.open && this.#socket.writableLength <= this.#maxQueuedOutputBytes;
  }
}

function notAuthorized(given: string, expected: string): HubError<'host.not_authorized'> | undefined {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  // In a time that tells nothing about where they differ.
  if (timingSafeEqual(digest(given), digest(expected))) return undefined;
  return fail(
    'host.not_authorized',
    "The token in the hello is not this session host's. It is in host.token, in the hub's state folder.",
  );
}

function slowClient(maxBytes: number): HubError<'host.slow_client'> {
  return fail(
    'host.slow_client',
    `More than ${maxBytes} bytes wait for this client, which does not read them. Connect again and ask for the list.`,
    { max_bytes: maxBytes },
  );
}
