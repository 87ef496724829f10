/**
 * What a primitive may use of the hub. This is the whole interface: primitives never import hub/.
 */
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import type { HubError } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import type { RpcCalls, RpcClient, WorkerSpec } from '../base/rpc.js';
import type { Scope } from '../base/scope.js';
import type { LuaRecord, LuaValue } from '../base/values.js';

/** Who this hub is. All paths absolute. */
export interface HubIdentity {
  /** First 16 hex digits of SHA-256 of the repository's real path. */
  readonly hubId: string;
  readonly repoRoot: string;
  /** The device's configuration folder (`~/.botster`). */
  readonly dataDir: string;
  /** This hub's own folder below `dataDir`: log, socket, manifest. */
  readonly stateDir: string;
  /** Where Lua sources are: the checkout's `lua/`. */
  readonly luaPath: string;
  readonly socketPath: string;
  /** The socket of the hub's session host. */
  readonly hostSocketPath: string;
  /** Release version. */
  readonly version: string;
}

/** A hub's page and its signaling. */
export interface WebAddress {
  /** Where the web app is: `http://127.0.0.1:4171/`. */
  readonly page_url: string;
  /** The Action Cable endpoint: `ws://127.0.0.1:4171/cable`. */
  readonly cable_url: string;
}

export interface HubContext<Event extends { readonly type: string } = never> {
  readonly identity: HubIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  /** Ends with the hub. */
  readonly scope: Scope;
  /** Queues an event for this primitive's handler. False: the control lane is full and the event was not taken. */
  post(event: Event): boolean;
  /** Starts a supervised worker thread. Its events arrive as HubEvents. */
  startWorker<C extends RpcCalls>(spec: WorkerSpec): RpcClient<C>;
  /**
   * Carries out what a client asks (protocol/methods.ts), wherever it asks. The value, or its coded failure; never throws.
   * `report` gets the progress of methods that tell it.
   */
  request(
    method: string,
    params: LuaValue,
    report: (progress: LuaRecord) => void,
  ): Promise<LuaValue | HubError>;
  /** Where browsers and signals find the hub, as soon as that is known; undefined if it serves no page. */
  web(): Promise<WebAddress | undefined>;
  /** The numbers of `botster status --json` and `hub.metrics()`. */
  metrics(): LuaValue;
  /** Begins a graceful shutdown. */
  quit(reason: string): void;
  /** Delivers a host fact to Lua observers (`events.on(name, fn)`) of every engine. */
  notify(name: string, data: LuaValue): void;
}

export interface EngineContext {
  /** Unique: `hub` for the hub's own Lua, else the plugin's name. */
  readonly name: string;
  readonly log: Logger;
  /** Ends when the engine is dropped (plugin reload, disable, shutdown). */
  readonly scope: Scope;
  /** Whether the task that is calling now is loading a chunk or running a callback. Valid during a call only. */
  phase(): 'load' | 'run';
  /** `file:line` of the Lua code that is calling now. Valid during a call only. */
  where(): string;
}
