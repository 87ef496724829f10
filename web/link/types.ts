/**
 * What the pages see of hubs: the contract between web/link (connections) and web/ui (what is shown). The UI knows no
 * WebRTC, no signaling and no frames.
 *
 * Keeps true: a hub that is not reachable keeps its last known sessions, marked by its state; every promise settles, with
 * a HubError when it fails. `openHubs()` of open.ts gives the Hubs of this browser; it fails with
 * link.no_storage or link.no_webrtc, and does not wait for any network.
 */
import type { Infer } from '../../base/schema.js';
import type { AgentRecord, ProgressData } from '../../protocol/agents.js';
import type { hostMethods } from '../../protocol/host-methods.js';
import type { methods } from '../../protocol/methods.js';
import type { PeerMethod } from '../../protocol/peers.js';
import type { SessionRecord } from '../../protocol/session.js';

/** A value that changes. */
export interface Observable<T> {
  readonly value: T;
  /** Calls back after each change, not at once. Gives the function that ends it. */
  subscribe(listener: (value: T) => void): () => void;
}

type Methods = Pick<typeof methods & typeof hostMethods, PeerMethod>;
export type ParamsOf<M extends PeerMethod> = Infer<Methods[M]['params']>;
export type ValueOf<M extends PeerMethod> = Infer<Methods[M]['value']>;

/** All hubs that this browser is paired with, on any machine. */
export interface Hubs {
  readonly list: Observable<readonly Hub[]>;
  /**
   * Pairs with the hub of a connection code: a whole URL, or what stands behind its #. Errors: pairing.bad_code,
   * pairing.no_answer (used already, withdrawn, or the hub is not there: which, nobody can tell), pairing.unreachable.
   */
  pair(code: string, deviceName: string): Promise<Hub>;
  /** Throws away the keys. The hub keeps the device in its list until it is revoked there. */
  forget(hub: Hub): Promise<void>;
}

export type HubState =
  /** Looking for it; `attempt` counts from 1. */
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'online' }
  /** Tries again by itself. `since_ms` of Date.now(). */
  | { readonly kind: 'offline'; readonly reason: string; readonly since_ms: number }
  /** This device was revoked. It does not try again. */
  | { readonly kind: 'revoked' };

export interface Health {
  /** Of the last ping; undefined before the first answer. */
  readonly rtt_ms: number | undefined;
  /** How long ago the hub's loop turned when it answered. */
  readonly loop_age_ms: number | undefined;
  /** `host`: the same machine or network; `srflx`, `prflx`: through a router; `relay`: through a TURN server. */
  readonly path: 'host' | 'srflx' | 'prflx' | 'relay' | undefined;
  readonly sent_bytes: number;
  readonly received_bytes: number;
  /** Bytes that wait in the hub for this device. */
  readonly queued_bytes: number;
  /** Pings that were not answered in time. */
  readonly missed: number;
}

/** A session with what is known of it as an agent. */
export interface SessionView {
  readonly session: SessionRecord;
  /** Undefined for sessions that are no agents: accessories, plugins'. */
  readonly agent: AgentRecord | undefined;
  /**
   * working: it prints; needs_you: it rang, notified or asked and nobody has looked since; idle; exited.
   */
  readonly state: 'working' | 'needs_you' | 'idle' | 'exited';
  /** What it said last: the notification, else its title. */
  readonly said: string | undefined;
}

/** What a plugin of the hub has to say (docs/devices.md). */
export interface HubNotice {
  readonly title: string;
  readonly body: string | undefined;
  /** The uuid of the session it is about. */
  readonly session: string | undefined;
  /** The session is to be opened, where that takes nothing away from the user. */
  readonly open: boolean;
}

export interface Hub {
  /** Its address, which is its identity. */
  readonly address: string;
  /** As the hub calls itself: the repository's name. */
  readonly name: Observable<string>;
  readonly state: Observable<HubState>;
  /**
   * Those that run, then those that ended; of each agents first, then others, oldest first. What was deleted is not among
   * them.
   */
  readonly sessions: Observable<readonly SessionView[]>;
  readonly health: Observable<Health>;
  /** What the hub calls this browser, and whether it may only look. */
  readonly device: Observable<{ readonly id: string; readonly name: string; readonly view_only: boolean }>;
  /** Errors: the method's own, device.view_only, hub.connection_lost. */
  request<M extends PeerMethod>(
    method: M,
    params: ParamsOf<M>,
    onProgress?: (progress: ProgressData) => void,
  ): Promise<ValueOf<M>>;
  /** Begins to show a session. It goes on by itself over reconnects, and costs nothing while it is hidden. */
  attach(sessionUuid: string, sink: TerminalSink, options: AttachOptions): TerminalAttach;
  /** Somebody looked at it. */
  seen(sessionUuid: string): void;
  /** Calls back with each notice. Gives the function that ends it. */
  onNotice(listener: (notice: HubNotice) => void): () => void;
  /** Tries now, not at the next time. */
  reconnect(): void;
}

export interface AttachOptions {
  /** The window's size, if it shall have a say in the session's. */
  readonly size?: { readonly rows: number; readonly cols: number };
}

/** Where a session's screen goes. All are called in the order of the stream. */
export interface TerminalSink {
  /**
   * Begin anew: a terminal of this size that was reset and got these bytes shows the screen. There is nothing above it:
   * that is `history`. It also comes in the middle, when the screen is nearer than all the bytes up to it.
   */
  snapshot(screen: { readonly rows: number; readonly cols: number; readonly bytes: Uint8Array }): void;
  /** `done`: to be called when the terminal has taken them; credit depends on it. */
  output(bytes: Uint8Array, done: () => void): void;
  resized(rows: number, cols: number): void;
  /** live: what is shown is true; waiting: it is not, or not any more. */
  status(status: 'waiting' | 'live'): void;
  ended(reason: 'exited' | 'removed'): void;
  /** Input that was not taken. */
  refused(reason: string): void;
}

export interface TerminalAttach {
  type(text: string): void;
  /** The window changed, or was focused. `take`: this window's size shall be the session's. */
  view(change: { readonly rows?: number; readonly cols?: number; readonly focused?: boolean }): void;
  /**
   * Nothing is sent for it until `show`; then it goes on from where it was, or from a snapshot. While the page itself is
   * hidden, all attaches are, without being told.
   */
  hide(): void;
  show(): void;
  /**
   * Output before what is shown, newest first: the bytes before `before` (an offset of this method; default: where the last
   * snapshot stands, so begin anew after each). Played to an empty terminal up to there they end with that screen.
   * Empty when there is no more. Errors: link.not_shown, hub.connection_lost, those of session.history.
   */
  history(before?: number): Promise<{ readonly offset: number; readonly bytes: Uint8Array }>;
  close(): void;
}
