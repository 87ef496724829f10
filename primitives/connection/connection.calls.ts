/** What the hub asks of the worker that has the keys. Both sides import the types only. */
import type { LuaRecord } from '../../base/values.js';
import type { Signal } from '../../protocol/signals.js';

/** `workerData` of the worker. */
export interface ConnectionBoot {
  readonly dataDir: string;
  readonly stateDir: string;
  /** As devices are told. */
  readonly hub: { readonly hub_id: string; readonly name: string; readonly version: string };
}

/** Why an envelope was dropped; each is a counter `connection.dropped_<reason>`. */
export type DropReason =
  | 'unknown_device'
  | 'unknown_connection'
  | 'revoked'
  | 'replayed'
  | 'tampered'
  | 'oversized'
  | 'malformed'
  | 'bad_secret'
  | 'too_many'
  | 'storage';

/** What an envelope was. */
export type Unsealed =
  | { readonly dropped: DropReason }
  | {
      readonly identity: string;
      readonly device_id: string;
      readonly view_only: boolean;
      /** To be sent back to the peer. */
      readonly reply?: string;
      readonly signal?: Signal;
    };

export interface CodeRecord {
  /** What stands behind the #. */
  readonly code: string;
  readonly view_only: boolean;
  /** ISO 8601, UTC. */
  readonly created_at: string;
}

/** As protocol/devices.ts has it, without what this primitive does not know. */
export interface DeviceEntry {
  readonly id: string;
  readonly name: string;
  readonly view_only: boolean;
  readonly paired_at: string;
  readonly last_seen_at?: string;
}

export interface Fact {
  readonly name: string;
  readonly data: LuaRecord;
}

/** What happened beside the answer, to be told before it: `failed` says that it was done but could not be saved. */
export interface Told<T> {
  readonly value: T;
  readonly facts: readonly Fact[];
  /** Codes that took the place of used ones. */
  readonly codes: readonly CodeRecord[];
  readonly failed?: string;
}

/** Every call may fail with connection.storage: the keys cannot be read. */
export interface ConnectionCalls {
  address(): Told<string>;
  code(a: { readonly view_only: boolean; readonly renew: boolean }): Told<CodeRecord>;
  unseal(a: { readonly peer: string; readonly data: string }): Told<Unsealed>;
  /** Undefined: no such connection. Failures: connection.bad_signal. */
  seal(a: {
    readonly identity: string;
    readonly signal: unknown;
  }): Told<{ readonly peer: string; readonly data: string } | undefined>;
  devices(): Told<DeviceEntry[]>;
  /** False: no such device. */
  rename(a: { readonly id: string; readonly name: string }): Told<boolean>;
  set_view_only(a: { readonly id: string; readonly view_only: boolean }): Told<boolean>;
  revoke(a: { readonly id: string }): Told<boolean>;
  /** How many connections it was. */
  rekey(a: { readonly id: string }): Told<number>;
  /** Failures: connection.no_clipboard, connection.clipboard_failed. */
  copy(a: { readonly text: string }): void;
}
