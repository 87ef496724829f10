/**
 * WebSockets for Node: the one importer of `ws`. The relay uses its server, the action_cable primitive its client.
 *
 * Keeps true: every socket has a bound on the size of a message, checked on the length announced, before anything is
 * kept; compression is off on both sides (a message of a few bytes must not become a gigabyte, and what we send is
 * encrypted or tiny).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';

/** An open socket of a server, or of a client: the class of `ws`, with the browser's interface and Node's events. */
export type Socket = WebSocket;
/** Of `readyState`: messages can be sent. */
export const SOCKET_OPEN = WebSocket.OPEN;

export interface ClientSocketOptions {
  /** Largest message taken, in bytes; a larger one ends the connection with code 1009. */
  readonly maxMessageBytes: number;
  /** Longest wait for the server's handshake. */
  readonly handshakeMs: number;
  /** `Origin` to send, for servers that check it (Rails does). */
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What libraries written for browsers construct: `new Socket(url, protocols)`. */
export type ClientSocketClass = new (url: string | URL, protocols?: string | string[]) => WebSocket;

/**
 * A WebSocket class with the browser's constructor, for a library that brings none (`adapters.WebSocket` of
 * @rails/actioncable). Its errors reach `onerror`, or nobody: an `error` event without a listener never throws.
 */
export function clientSocketClass(options: ClientSocketOptions): ClientSocketClass {
  const { maxMessageBytes, handshakeMs, origin, headers } = options;
  return class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, {
        maxPayload: maxMessageBytes,
        handshakeTimeout: handshakeMs,
        perMessageDeflate: false,
        ...(origin === undefined ? {} : { origin }),
        ...(headers === undefined ? {} : { headers: { ...headers } }),
      });
      this.on('error', () => undefined);
    }
  };
}

export interface SocketServerOptions {
  readonly maxMessageBytes: number;
  /** Picks the subprotocol from what a client offers; undefined: none is named in the answer. */
  readonly protocol: (offered: ReadonlySet<string>) => string | undefined;
}

/** The server's half: takes over upgraded connections of an HTTP server that it does not own. */
export class SocketServer {
  readonly #server: WebSocketServer;

  constructor({ maxMessageBytes, protocol }: SocketServerOptions) {
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols: (offered) => protocol(offered) ?? false,
    });
  }

  /**
   * Carries out the handshake. `opened` is called when it is done; a request that is no valid handshake is answered
   * with 400 and closed, and `opened` is not called.
   */
  accept(request: IncomingMessage, stream: Duplex, head: Buffer, opened: (socket: Socket) => void): void {
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      socket.on('error', () => undefined);
      opened(socket);
    });
  }
}
