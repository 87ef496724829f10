/**
 * The connection to one hub as a whole: always trying, until it is stopped or this device was revoked.
 *
 * One path at a time. A path that breaks is replaced at once, later tries wait longer (back-off.ts). That the page was
 * shown, the network came back or the relay can be reached again is a reason to try now; and where all seems well, to ask
 * the hub for a sign of life.
 */
import type { Clock } from '../../base/clock.js';
import { fail, type HubError } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import type { Hello, MessageOf } from '../../protocol/messages.js';
import type { HubGreeting } from '../../protocol/signals.js';
import type { TerminalFrame } from '../../protocol/terminal-frames.js';
import { BackOff } from './back-off.js';
import { HealthMonitor } from './health.js';
import { HubPath, type PathSession } from './hub-path.js';
import type { HubWire } from './hub-wire.js';
import { Cell } from './observable.js';
import type { OpenPeer, Page, PeerLink } from './transport.js';
import type { HubState } from './types.js';

/** A hub that was not found for so long is called offline; before that, it is looked for. */
export const OFFLINE_AFTER_MS = 3_000;
/** A connection that lasted so long was good; after a shorter one the next try waits like after a failed one. */
const GOOD_MS = 5_000;
/** A try that is older than this is begun anew when there is news of the network. */
const STUCK_MS = 1_500;

export interface ConnectionListener {
  answered(greeting: HubGreeting): void;
  /** May be asked from now on. */
  online(wire: HubWire): void;
  /** The wire of the last `online` is no more. */
  lost(): void;
  event(event: MessageOf<'event'>): void;
  app(message: MessageOf<'app'>): void;
  terminal(frame: TerminalFrame): void;
  /** Something about health has changed. */
  health(): void;
  /** The page was shown or hidden. */
  visible(visible: boolean): void;
  /** The relay may be needed in a moment. */
  woke(): void;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly page: Page;
  readonly openPeer: OpenPeer;
  readonly hello: Omit<Hello, 'type'>;
  readonly session: () => Promise<PathSession>;
  readonly listener: ConnectionListener;
}

export class HubConnection implements Disposable {
  readonly state: Cell<HubState> = new Cell<HubState>({ kind: 'connecting', attempt: 1 });
  readonly #options: ConnectionOptions;
  readonly #backOff: BackOff;
  readonly #unwatch: () => void;
  #path: HubPath | undefined;
  #startedMs = 0;
  #onlineMs = 0;
  #retry: Disposable | undefined;
  #health: HealthMonitor | undefined;
  #peer: PeerLink | undefined;
  /** Pings missed on paths before this one. */
  #missedBefore = 0;
  #attempt = 0;
  #lostMs: number;
  #lostWallMs: number;
  #stopped = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.random);
    this.#lostMs = options.clock.nowMs();
    this.#lostWallMs = options.clock.wallMs();
    this.#unwatch = options.page.watch({
      woke: () => this.#woke(),
      hidden: () => this.#hidden(),
    });
    this.#try();
  }

  get health(): HealthMonitor | undefined {
    return this.#health;
  }

  get peer(): PeerLink | undefined {
    return this.#peer;
  }

  get missed(): number {
    return this.#missedBefore + (this.#health?.missed ?? 0);
  }

  /** There may be a way now that there was not before: tries at once, or asks for a sign of life. */
  nudge(): void {
    if (this.#stopped) return;
    if (this.#health !== undefined) return this.#health.verify();
    this.#backOff.reset();
    const age = this.#options.clock.nowMs() - this.#startedMs;
    if (this.#path === undefined || age > STUCK_MS) this.#try();
  }

  /** The relay is there again: a path that waits for it goes on by itself. */
  relayConnected(): void {
    if (!this.#stopped && this.#path === undefined) this.#try();
  }

  /** The relay is gone: it may have been in the hub, or the network is gone too. */
  relayLost(): void {
    this.#health?.verify();
  }

  dispose(): void {
    this.#stopped = true;
    this.#unwatch();
    this.#end();
  }

  #woke(): void {
    if (this.#stopped) return;
    // At the same time: whether the path still works shows only after a while.
    const { listener, page } = this.#options;
    listener.woke();
    if (page.visible) {
      this.#health?.start();
      listener.visible(true);
    }
    this.nudge();
  }

  #hidden(): void {
    this.#health?.pause();
    this.#options.listener.visible(false);
  }

  #try(): void {
    if (this.#stopped) return;
    const { clock, openPeer, hello, session, listener } = this.#options;
    this.#end();
    this.#startedMs = clock.nowMs();
    this.#attempt++;
    if (this.state.value.kind !== 'offline') this.state.set({ kind: 'connecting', attempt: this.#attempt });
    this.#path = new HubPath({
      clock,
      openPeer,
      hello,
      session,
      listener: {
        answered: (greeting) => listener.answered(greeting),
        online: (wire, peer) => this.#online(wire, peer),
        doubtful: () => this.#health?.verify(),
        over: (error) => this.#over(error),
        event: (event) => listener.event(event),
        app: (message) => listener.app(message),
        terminal: (frame) => listener.terminal(frame),
        pong: (pong) => this.#health?.pong(pong),
        heard: () => this.#health?.heard(),
      },
    });
  }

  #online(wire: HubWire, peer: PeerLink): void {
    const { clock, page, listener } = this.#options;
    this.#attempt = 0;
    this.#onlineMs = clock.nowMs();
    this.#peer = peer;
    this.#health = new HealthMonitor({
      clock,
      ping: (id) => wire.ping(id),
      onBroken: (reason) => this.#over(fail('link.broken', `The connection to the hub broke: ${reason}.`)),
      onTick: () => listener.health(),
    });
    if (page.visible) this.#health.start();
    this.state.set({ kind: 'online' });
    listener.online(wire);
  }

  /** The path ended, or was found broken. */
  #over(error: HubError): void {
    const { clock } = this.#options;
    const wasOnline = this.#health !== undefined;
    this.#end();
    if (error.code === 'device.revoked') {
      this.#stopped = true;
      this.#unwatch();
      this.state.set({ kind: 'revoked' });
      return;
    }
    if (wasOnline) {
      this.#lostMs = clock.nowMs();
      this.#lostWallMs = clock.wallMs();
    }
    const lostMs = clock.nowMs() - this.#lostMs;
    if (wasOnline) this.state.set({ kind: 'connecting', attempt: 1 });
    else if (lostMs >= OFFLINE_AFTER_MS)
      this.state.set({ kind: 'offline', reason: error.message, since_ms: this.#lostWallMs });
    const wasGood = wasOnline && clock.nowMs() - this.#onlineMs >= GOOD_MS;
    if (wasGood) this.#backOff.reset();
    // At once, but never within the call in which the path told its end.
    const delayMs = wasGood ? 0 : this.#backOff.nextMs(lostMs);
    this.#retry = clock.after(delayMs, () => this.#try());
  }

  /** Nothing is under way any more. */
  #end(): void {
    this.#retry?.dispose();
    this.#retry = undefined;
    const path = this.#path;
    const health = this.#health;
    this.#path = undefined;
    this.#health = undefined;
    this.#peer = undefined;
    path?.dispose();
    if (health === undefined) return;
    this.#missedBefore += health.missed;
    health.dispose();
    this.#options.listener.lost();
  }
}
