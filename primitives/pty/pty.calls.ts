/** What the hub asks of the worker that speaks with the session host. Both sides import the types only. */
import type { Infer } from '../../base/schema.js';
import type { HostConfig } from '../../protocol/host-config.js';
import type { hostMethods } from '../../protocol/host-methods.js';
import type { SessionRecord } from '../../protocol/session.js';
import type { EventsOf } from '../define.js';
import type { ptyDef } from './pty.def.js';

/** What the worker tells. */
export type PtyEvent = EventsOf<typeof ptyDef>;

export type SpawnParams = Infer<(typeof hostMethods)['session.spawn']['params']>;

/** `workerData` of the worker. */
export interface PtyWorkerData {
  readonly host: HostConfig;
}

/** The methods of the session host that are passed on as they are. */
export type PassedMethod =
  | 'session.kill'
  | 'session.remove'
  | 'session.resize'
  | 'session.screen'
  | 'session.update';

/**
 * Failures: the session host's own, host.not_running, host.start_failed, host.unreachable, host.lost,
 * host.version_mismatch.
 */
export interface PtyCalls {
  /** Connects if a host runs. Resolves when that is decided; `pty.adopted` was emitted before. Never fails. */
  adopt(): void;
  /** Starts the host if none runs. `port` true: leases one for it. A leased port is let go just before. */
  spawn(a: SpawnRequest): Answered<SessionRecord>;
  /** The answer has the method's value. */
  ask(a: HostRequest): Answered<unknown>;
  /** Types, after what was written before. Answers when the session took it. */
  write(a: { readonly uuid: string; readonly bytes: Uint8Array }): void;
  /** A port that is held until it is released or spawned with. Failures: pty.no_port. */
  lease_port(a: { readonly exclude: readonly number[] }): number;
  release_port(a: { readonly port: number }): void;
}

/**
 * A value that is true as of the event `pty.answered` with this number. Answers overtake events, so who uses what the
 * hub knows of sessions beside the value waits for that event first.
 */
export interface Answered<V> {
  readonly value: V;
  readonly answer: number;
}

export interface SpawnRequest {
  readonly params: SpawnParams & { readonly uuid: string };
  /** Takes the number of a lease and sets PORT, unless the environment has it. */
  readonly lease: boolean;
  /** Ports that sessions have. */
  readonly exclude: readonly number[];
}

export type HostRequest = {
  readonly [M in PassedMethod]: {
    readonly method: M;
    readonly params: Infer<(typeof hostMethods)[M]['params']>;
  };
}[PassedMethod];
