/**
 * One connection to the hub's socket: what system/server-connection.ts does, and the client's own relay, to which goes
 * what is about sessions.
 *
 * A client that does not read is cut off; what the session host sent does not count, for the relay bounds that itself.
 * Methods and parameters are requests.ts's.
 */
import type { Socket } from 'node:net';
import { fail, isHubError } from '../../base/errors.js';
import { isSessionMethod } from '../../protocol/host-methods.js';
import { type MessageOf, wireError } from '../../protocol/messages.js';
import { versionMismatch } from '../../protocol/version.js';
import type { HostAccess } from '../../session-link/host-access.js';
import { HostRelay, type RelayClient } from '../../session-link/host-relay.js';
import { ServerConnection, type ServerConnectionOptions } from '../../system/server-connection.js';
import type { ControlLimits } from './limits.js';

export interface ConnectionOptions extends Pick<ServerConnectionOptions, 'hello' | 'clock' | 'onHello'> {
  readonly limits: ControlLimits;
  /** The way to the session host. */
  readonly host: HostAccess;
  /** Not those about sessions. */
  readonly onRequest: (request: MessageOf<'request'>) => void;
  /** Called once, whatever the reason. `greeted`: whether onHello was called. */
  readonly onClosed: (reason: string, greeted: boolean) => void;
}

export class Connection extends ServerConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  #greeted = false;
  #relay: HostRelay | undefined;
  /** Why nothing is read: the hub takes no events, the session host is behind. */
  readonly #heldBy = { hub: true, host: false };

  /** Takes over an accepted socket and greets. */
  constructor(socket: Socket, options: ConnectionOptions) {
    const { hello, limits } = options;
    super(socket, {
      ...options,
      limits: { ...limits, maxSentBytes: limits.maxFrameBytes },
      serverName: 'hub',
      tooManyRequestsCode: 'control.too_many_requests',
      slowClient: (maxBytes) => fail('control.slow_client', `more than ${maxBytes} bytes wait for it`),
      cutsOffSlow: true,
      refuses: (client) => versionMismatch(hello, client),
      onHello: (client) => {
        this.#greeted = true;
        options.onHello(client);
      },
      onRequest: (request, payload) => this.#request(request, payload),
      onTerminal: ({ type, payload }) => this.#relay?.terminal(type, payload),
      // The worker's end, which its supervisor sees and logs.
      onBug: (thrown) => {
        throw thrown;
      },
      onDrain: () => this.#relay?.clientWritable(),
      onClosing: () => this.#relay?.close(),
      onClosed: (reason, error) => {
        this.#relay?.close();
        options.onClosed(error === undefined ? reason : `${error.code}: ${reason}`, this.#greeted);
      },
    });
    this.#socket = socket;
    this.#options = options;
  }

  /** Tells a fact. One too large to send is not sent. */
  notify(name: string, data: MessageOf<'event'>['data']): void {
    try {
      this.event({ name, data });
    } catch (thrown) {
      if (!isHubError(thrown)) throw thrown;
    }
  }

  /** Stops reading, so that the client's requests wait in its own socket. */
  pause(): void {
    this.#hold('hub', true);
  }

  resume(): void {
    this.#hold('hub', false);
  }

  #hold(who: 'hub' | 'host', held: boolean): void {
    this.#heldBy[who] = held;
    if (this.#heldBy.hub || this.#heldBy.host) this.#socket.pause();
    else this.#socket.resume();
  }

  #request(request: MessageOf<'request'>, payload: Uint8Array): void {
    if (!isSessionMethod(request.method)) return this.#options.onRequest(request);
    this.#relay ??= new HostRelay(this.#options.host, this.#relayClient());
    this.#relay.request(request, payload);
  }

  #relayClient(): RelayClient {
    const socket = this.#socket;
    return {
      forward: (frame) => this.send(frame),
      forwardAnswer: (id, frame) => {
        if (this.settle(id)) this.send(frame);
      },
      answer: (id, outcome) => {
        if (isHubError(outcome)) this.respond({ id, ok: false, error: wireError(outcome) });
        else this.respond({ id, ok: true, value: outcome.value });
      },
      notify: (name, data) => this.notify(name, data),
      get queuedBytes() {
        return socket.writableLength;
      },
      holdBack: (held) => this.#hold('host', held),
    };
  }
}
