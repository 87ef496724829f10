/** A relay session, a page and a connection that a test moves by hand, on a virtual clock. */
import { Counters } from '../../../../base/counters.js';
import { fail } from '../../../../base/errors.js';
import type { MessageOf } from '../../../../protocol/messages.js';
import type { HubGreeting, Signal } from '../../../../protocol/signals.js';
import type { TerminalFrame } from '../../../../protocol/terminal-frames.js';
import { PROTOCOL_VERSION } from '../../../../protocol/version.js';
import { HubConnection } from '../../../../web/link/hub-connection.js';
import type { PathSession } from '../../../../web/link/hub-path.js';
import type { HubWire } from '../../../../web/link/hub-wire.js';
import type { SessionListener } from '../../../../web/link/signaling.js';
import type { Page, Wake } from '../../../../web/link/transport.js';
import type { HubState } from '../../../../web/link/types.js';
import { VirtualClock } from '../../../support/virtual-clock.js';
import { FakePeers } from './fake-peer.js';

export const greeting: HubGreeting = {
  hub: { hub_id: 'h', name: 'repo', version: '0.1.0' },
  device: { id: 'd', name: 'phone', view_only: false },
  ice: { servers: [], relay_only: false },
};

export const hello = { protocol_version: PROTOCOL_VERSION, client: 'web', version: '0.1.0' };

export class FakeSession implements PathSession {
  readonly greeting = greeting;
  readonly sent: Signal[] = [];
  reusable = true;
  listener: SessionListener | undefined;
  onSend: (signal: Signal) => void = () => undefined;

  listen(listener: SessionListener | undefined): void {
    this.listener = listener;
  }

  send(signal: Signal): boolean {
    this.sent.push(signal);
    this.onSend(signal);
    return true;
  }
}

export class FakePage implements Page {
  visible = true;
  listener: Parameters<Page['watch']>[0] | undefined;

  watch(listener: Parameters<Page['watch']>[0]): () => void {
    this.listener = listener;
    return () => {
      this.listener = undefined;
    };
  }

  wake(why: Wake = 'shown'): void {
    this.visible = true;
    this.listener?.woke(why);
  }

  hide(): void {
    this.visible = false;
    this.listener?.hidden();
  }
}

/** A HubConnection and all around it. By default every try succeeds. */
export class FakeWorld {
  readonly clock = new VirtualClock();
  readonly counters = new Counters();
  readonly page = new FakePage();
  readonly peers = new FakePeers();
  readonly sessions: FakeSession[] = [];
  readonly states: HubState[] = [];
  readonly events: MessageOf<'event'>[] = [];
  readonly frames: TerminalFrame[] = [];
  wires: HubWire[] = [];
  lost = 0;
  /** Whether a hub is there. */
  reachable: boolean;
  /** When a session was asked for. */
  readonly tries: number[] = [];
  readonly connection: HubConnection;

  constructor({ reachable = true } = {}) {
    this.reachable = reachable;
    this.connection = new HubConnection({
      clock: this.clock,
      random: () => 1,
      page: this.page,
      openPeer: this.peers.open,
      hello,
      session: () => this.#session(),
      listener: {
        answered: () => undefined,
        online: (wire) => void this.wires.push(wire),
        lost: () => void this.lost++,
        event: (event) => void this.events.push(event),
        app: () => undefined,
        terminal: (frame) => void this.frames.push(frame),
        health: () => undefined,
        visible: () => undefined,
        woke: () => undefined,
      },
    });
    this.connection.state.subscribe((state) => this.states.push(state));
  }

  get kind(): HubState['kind'] {
    return this.connection.state.value.kind;
  }

  /** Lets promises settle and `ms` pass. */
  async pass(ms = 0): Promise<void> {
    await this.clock.advanceAsync(ms);
  }

  #session(): Promise<PathSession> {
    this.tries.push(this.clock.nowMs());
    if (!this.reachable) return Promise.reject(fail('link.no_answer', 'The hub does not answer.'));
    const session = new FakeSession();
    session.onSend = ({ type }) => {
      if (type !== 'offer') return;
      queueMicrotask(() => {
        session.listener?.signal({ type: 'answer', sdp: 'answer' });
        if (this.reachable) this.peers.last.open();
      });
    };
    this.sessions.push(session);
    return Promise.resolve(session);
  }
}
