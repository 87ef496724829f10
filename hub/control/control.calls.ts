/**
 * What the hub may ask of the control worker. Imported type-only by both sides.
 */
import type { LuaRecord } from '../../base/values.js';
import type { HostConfig } from '../../protocol/host-config.js';
import type { Hello, Response } from '../../protocol/messages.js';

/** `workerData` of the worker. */
export interface ControlWorkerData {
  /** How the hub greets clients. */
  readonly hello: Omit<Hello, 'type'>;
  /** The session host that clients are connected to. */
  readonly host: HostConfig;
  /** The hub's log, for what the main thread cannot say itself. */
  readonly log_path: string;
}

export interface ControlCalls {
  /** Opens the socket at `path`, replacing what is there: call it only as the owner of the path. */
  listen(a: { readonly path: string; readonly first_client: number }): void;
  /** Answers a request. A client that is gone is no error. */
  respond(a: { readonly client: number; readonly answer: Omit<Response, 'type'> }): void;
  /** Tells a client a fact. A client that is gone is no error. */
  notify_client(a: { readonly client: number; readonly name: string; readonly data: LuaRecord }): void;
  close_client(a: { readonly client: number; readonly code: string; readonly message: string }): void;
  /** Stops listening, sends what waits, closes all clients. */
  close(): void;
}
