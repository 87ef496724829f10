/** One paired hub as the pages see it: connection, sessions, attaches and health put together. */
import { fits } from '../../base/check.js';
import type { Clock } from '../../base/clock.js';
import type { Counters } from '../../base/counters.js';
import { fail } from '../../base/errors.js';
import { PROGRESS_EVENT, type ProgressData, progressData } from '../../protocol/agents.js';
import type { Hello, MessageOf } from '../../protocol/messages.js';
import { type PeerMethod, refusal } from '../../protocol/peers.js';
import type { HubGreeting } from '../../protocol/signals.js';
import { readForwarder, readNotice } from './app-messages.js';
import { Attachments } from './attachments.js';
import { HubConnection } from './hub-connection.js';
import type { PathSession } from './hub-path.js';
import type { HubWire } from './hub-wire.js';
import type { StoredHub } from './key-store.js';
import { Cell } from './observable.js';
import { Sessions } from './sessions.js';
import type { OpenPeer, Page, PeerStats } from './transport.js';
import type {
  AttachOptions,
  Health,
  Hub,
  HubNotice,
  ParamsOf,
  TerminalAttach,
  TerminalSink,
  ValueOf,
} from './types.js';

export interface HubOptions {
  readonly stored: StoredHub;
  readonly clock: Clock;
  readonly random: () => number;
  readonly page: Page;
  readonly openPeer: OpenPeer;
  readonly hello: Omit<Hello, 'type'>;
  readonly counters: Counters;
  readonly session: () => Promise<PathSession>;
  /** The hub took an offer of this device, and says who both are. */
  readonly onAnswered: (greeting: HubGreeting) => void;
  /** The relay may be needed in a moment. */
  readonly onWoke: () => void;
}

/** Methods after which agents are looked at again. */
const changing: ReadonlySet<PeerMethod> = new Set<PeerMethod>(['agent.new', 'agent.rm', 'session.remove']);
const noStats: PeerStats = { path: undefined, sent_bytes: 0, received_bytes: 0 };

export class PairedHub implements Hub {
  readonly address: string;
  readonly name: Cell<string>;
  readonly device: Cell<StoredHub['device']>;
  readonly health: Cell<Health>;
  readonly #options: HubOptions;
  readonly #sessions: Sessions;
  readonly #attachments: Attachments;
  readonly #connection: HubConnection;
  readonly #onNotice = new Set<(notice: HubNotice) => void>();
  readonly #progress = new Map<number, (progress: ProgressData) => void>();
  #wire: HubWire | undefined;
  #stats = noStats;

  constructor(options: HubOptions) {
    const { stored, clock, counters } = options;
    this.#options = options;
    this.address = stored.address;
    this.name = new Cell(stored.name);
    this.device = new Cell(stored.device);
    this.#sessions = new Sessions(clock);
    this.#attachments = new Attachments(
      clock,
      counters,
      () => this.device.value.view_only,
      options.page.visible,
    );
    this.health = new Cell<Health>({
      rtt_ms: undefined,
      loop_age_ms: undefined,
      ...noStats,
      queued_bytes: 0,
      missed: 0,
    });
    this.#connection = new HubConnection({
      ...options,
      listener: {
        answered: (greeting) => this.#answered(greeting),
        online: (wire) => this.#online(wire),
        lost: () => this.#lost(),
        event: (event) => this.#event(event),
        app: ({ data }) => this.#app(data),
        terminal: (frame) => this.#attachments.terminal(frame),
        health: () => this.#showHealth(),
        visible: (visible) => this.#attachments.setVisible(visible),
        woke: options.onWoke,
      },
    });
  }

  get state(): Hub['state'] {
    return this.#connection.state;
  }

  get sessions(): Hub['sessions'] {
    return this.#sessions.list;
  }

  async request<M extends PeerMethod>(
    method: M,
    params: ParamsOf<M>,
    onProgress?: (progress: ProgressData) => void,
  ): Promise<ValueOf<M>> {
    const wire = this.#wire;
    if (wire === undefined) throw fail('hub.connection_lost', 'The hub is not connected.');
    if (refusal(method, this.device.value.view_only ? 'viewer' : 'user') === 'view_only')
      throw fail(
        'device.view_only',
        'This device may only look on. The hub can change that: botster devices.',
      );
    if (wire.full)
      throw fail('link.busy', 'The connection is too slow for more requests. Try again in a moment.');
    const answer = wire.request(method, params);
    const id = wire.lastRequestId;
    if (onProgress !== undefined) this.#progress.set(id, onProgress);
    try {
      return await answer;
    } finally {
      this.#progress.delete(id);
      if (changing.has(method)) this.#sessions.refresh();
    }
  }

  attach(sessionUuid: string, sink: TerminalSink, options: AttachOptions): TerminalAttach {
    return this.#attachments.attach(sessionUuid, sink, options);
  }

  seen(sessionUuid: string): void {
    this.#sessions.seen(sessionUuid);
  }

  onNotice(listener: (notice: HubNotice) => void): () => void {
    this.#onNotice.add(listener);
    return () => this.#onNotice.delete(listener);
  }

  reconnect(): void {
    this.#connection.nudge();
  }

  relayConnected(): void {
    this.#connection.relayConnected();
  }

  relayLost(): void {
    this.#connection.relayLost();
  }

  dispose(): void {
    this.#connection.dispose();
    this.#sessions.dispose();
  }

  #answered(greeting: HubGreeting): void {
    const { hub, device } = greeting;
    if (hub.name !== this.name.value) this.name.set(hub.name);
    const { id, name, view_only } = this.device.value;
    if (device.id !== id || device.name !== name || device.view_only !== view_only) this.device.set(device);
    this.#options.onAnswered(greeting);
  }

  #online(wire: HubWire): void {
    this.#wire = wire;
    this.#attachments.online(wire);
    this.#sessions.online(wire);
  }

  #lost(): void {
    this.#wire = undefined;
    this.#progress.clear();
    this.#stats = noStats;
    this.#attachments.lost();
    this.#sessions.lost();
    this.#showHealth();
  }

  #event(event: MessageOf<'event'>): void {
    if (event.name === PROGRESS_EVENT) {
      if (fits(progressData, event.data)) this.#progress.get(event.data.request_id)?.(event.data);
      return;
    }
    const shown = readForwarder(event);
    if (shown !== undefined) return this.#tell(shown);
    this.#attachments.event(event);
    this.#sessions.event(event);
  }

  #app(data: unknown): void {
    const notice = readNotice(data);
    if (notice !== undefined) return this.#tell(notice);
    this.#options.counters.add('link.app_ignored');
    // biome-ignore lint/suspicious/noConsole: whoever writes the plugin looks for it there.
    console.debug('botster: a plugin sent what this page has no use for', data);
  }

  #tell(notice: HubNotice): void {
    for (const listener of [...this.#onNotice]) listener(notice);
  }

  #showHealth(): void {
    const { peer } = this.#connection;
    this.#publishHealth();
    peer?.stats().then(
      (stats) => {
        if (peer !== this.#connection.peer) return;
        this.#stats = stats;
        this.#publishHealth();
      },
      () => undefined,
    );
  }

  #publishHealth(): void {
    const { health, missed } = this.#connection;
    this.health.set({
      rtt_ms: health?.rtt_ms,
      loop_age_ms: health?.loop_age_ms,
      ...this.#stats,
      queued_bytes: health?.queued_bytes ?? 0,
      missed,
    });
  }
}
