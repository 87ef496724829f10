/**
 * The Action Cable endpoint: takes upgraded requests, within limits, and keeps their connections.
 *
 * Pages of any origin may connect. That is safe because nothing that a browser adds by itself (cookies, client
 * certificates, an address of the local network) gives any right here: there are no rights. What is passed on is
 * sealed between device and hub, and the page of one hub must be able to reach another's relay.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import type { Disposable } from '../base/scope.js';
import { type Socket, SocketServer } from '../system/websocket.js';
import { type Allowance, Allowances } from './allowance.js';
import { CableConnection } from './cable-connection.js';
import {
  CABLE_PROTOCOL,
  type DisconnectReason,
  serverMessages,
  UNSUPPORTED_PROTOCOL,
} from './cable-messages.js';
import type { RelayLimits } from './limits.js';
import { remoteAddress } from './remote-address.js';
import { Switchboard } from './switchboard.js';

export interface CableServerOptions {
  readonly limits: RelayLimits;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trustProxy: boolean;
}

/** What a relay holds at this moment. */
export interface CableLoad {
  readonly connections: number;
  /** Names that somebody listens to. */
  readonly names: number;
  readonly addresses: number;
}

/** How long a refused request may take to read its answer. */
const REFUSED_MS = 1_000;

export class CableServer {
  readonly #options: CableServerOptions;
  readonly #sockets: SocketServer;
  readonly #allowances: Allowances;
  readonly #switchboard: Switchboard;
  readonly #connections = new Set<CableConnection>();
  #beat: Disposable;
  #closing = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: CableServerOptions) {
    const { limits, counters } = options;
    this.#options = options;
    this.#allowances = new Allowances(limits, () => options.clock.nowMs());
    this.#switchboard = new Switchboard(limits, counters);
    this.#sockets = new SocketServer({ maxMessageBytes: limits.maxMessageBytes, protocol });
    this.#beat = this.#nextBeat();
  }

  load(): CableLoad {
    return {
      connections: this.#connections.size,
      names: this.#switchboard.size,
      addresses: this.#allowances.size,
    };
  }

  /** Takes an upgrade request of the HTTP server for the cable. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { limits, counters, trustProxy } = this.#options;
    if (this.#closing) return refuse(stream, 503);
    if (this.#connections.size >= limits.maxConnections) {
      counters.add('relay.refused.connections');
      return refuse(stream, 503);
    }
    const allowance = this.#allowances.open(remoteAddress(request, trustProxy));
    if (typeof allowance === 'string') {
      counters.add(`relay.refused.${allowance}`);
      return refuse(stream, allowance === 'addresses' ? 503 : 429);
    }
    let opened = false;
    this.#sockets.accept(request, stream, head, (socket) => {
      opened = true;
      this.#welcome(socket, allowance);
    });
    // The handshake is carried out, or refused, before `accept` returns.
    if (opened) return;
    counters.add('relay.refused.handshake');
    this.#allowances.close(allowance);
  }

  /** Ends all connections of now with a reason. */
  disconnectAll(reason: DisconnectReason, reconnect: boolean): void {
    for (const connection of this.#connections) connection.disconnect(reason, reconnect);
  }

  /** Tells all that the server restarts, and resolves when they are gone. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#beat.dispose();
    this.disconnectAll('server_restart', true);
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  #welcome(socket: Socket, allowance: Allowance): void {
    if (socket.protocol !== CABLE_PROTOCOL) {
      // It offered nothing that is spoken here. Clients see that in the handshake; this is for people who look.
      this.#options.counters.add('relay.refused.protocol');
      this.#allowances.close(allowance);
      socket.send(serverMessages.disconnect('invalid_request', false));
      socket.close(1002);
      const linger = this.#options.clock.after(this.#options.limits.lingerMs, () => socket.terminate());
      socket.on('close', () => linger.dispose());
      return;
    }
    this.#options.counters.add('relay.connections');
    const connection: CableConnection = new CableConnection(socket, {
      ...this.#options,
      allowance,
      switchboard: this.#switchboard,
      onClosed: () => {
        this.#connections.delete(connection);
        this.#allowances.close(allowance);
        if (this.#connections.size === 0) this.#onEmpty?.();
      },
    });
    this.#connections.add(connection);
  }

  #nextBeat(): Disposable {
    const { clock, limits } = this.#options;
    return clock.after(limits.beatMs, () => {
      let bufferedBytes = 0;
      for (const connection of this.#connections) {
        connection.beat();
        bufferedBytes += connection.bufferedBytes;
      }
      if (bufferedBytes > limits.maxBufferedTotalBytes)
        for (const connection of this.#connections) connection.dropIfBehind();
      this.#allowances.sweep();
      this.#beat = this.#nextBeat();
    });
  }
}

function protocol(offered: ReadonlySet<string>): string | undefined {
  return [CABLE_PROTOCOL, UNSUPPORTED_PROTOCOL].find((name) => offered.has(name));
}

/** Answers an upgrade request with a status and nothing else. */
export function refuse(stream: Duplex, status: number): void {
  stream.on('error', () => undefined);
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n` +
      `${status === 503 || status === 429 ? 'Retry-After: 5\r\n' : ''}\r\n`,
  );
  const cutOff = setTimeout(() => stream.destroy(), REFUSED_MS);
  stream.once('close', () => clearTimeout(cutOff));
}
