/**
 * All connections with devices: who gets one, what they share, and what the hub is told of them.
 *
 * Bounds offers and peers before anything of an offer is looked at. Measures the worker while much is sent, and tells the
 * cap (rate-cap.ts); without peers it has no timers. Nothing here waits for the hub's loop.
 */

import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { fail, type HubError } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import { TokenBucket } from '../../base/token-bucket.js';
import type { Hello } from '../../protocol/messages.js';
import type { HostAccess } from '../../session-link/host-access.js';
import { EventBacklog, type EventSink } from './event-backlog.js';
import type { PeerLimits } from './limits.js';
import { LoopLag } from './loop-lag.js';
import { checkOffer } from './offer.js';
import { Peer } from './peer.js';
import { Pump } from './pump.js';
import { LOOK_MS, RateCap } from './rate-cap.js';
import type { OpenRtc } from './rtc.js';
import type { TurnServers } from './turn-servers.js';
import type { Offer, PeerSummary, WebrtcCalls, WebrtcEvent } from './webrtc.calls.js';

export interface PeersOptions {
  readonly openRtc: OpenRtc;
  readonly turn: Pick<TurnServers, 'usable'>;
  readonly hello: Omit<Hello, 'type'>;
  readonly host: HostAccess;
  readonly limits: PeerLimits;
  readonly clock: Clock;
  readonly loopAgeMs: () => number;
  readonly events: EventSink<WebrtcEvent>;
}

interface Entry {
  readonly offer: Omit<Offer, 'sdp' | 'ice'>;
  readonly peer: Peer;
}

type ArgOf<K extends keyof WebrtcCalls> = Parameters<WebrtcCalls[K]>[0];

/** Looks between two tellings of the counters. */
const LOOKS_PER_COUNT = 4;
/** Less between two looks is nothing to measure the worker for. */
const IDLE_BYTES = 4 * 1024;

export class Peers {
  readonly #options: PeersOptions;
  readonly #counters = new Counters();
  readonly #events: EventBacklog<WebrtcEvent>;
  readonly #entries = new Map<number, Entry>();
  readonly #offers: TokenBucket;
  readonly #cap: RateCap;
  readonly #pump: Pump;
  readonly #lag: LoopLag;
  #timer: Disposable | undefined;
  #looks = 0;
  /** As of the last look. */
  #spentBytes = 0;
  /** What the hub was told last. */
  #told = '{}';
  #toldPaths = '[]';
  #isStopping = false;

  constructor(options: PeersOptions) {
    const { clock, limits, events } = options;
    this.#options = options;
    this.#events = new EventBacklog(events);
    this.#offers = new TokenBucket(limits.offers, () => clock.nowMs());
    this.#cap = new RateCap(clock);
    this.#pump = new Pump(clock, this.#cap);
    this.#lag = new LoopLag(clock);
  }

  async offer(asked: Offer): Promise<HubError | undefined> {
    const refused = this.#refusal(asked);
    if (refused !== undefined) return this.#refused(refused);
    const ice = await this.#options.turn.usable(asked.ice);
    // Others may have come meanwhile.
    const crowded = this.#crowded(asked);
    if (crowded !== undefined) return this.#refused(crowded);
    const offer = { ...asked, ice };
    for (const { offer: before, peer } of this.#entries.values())
      if (before.identity === offer.identity)
        peer.close(fail('webrtc.replaced', 'The device made another connection.'));
    const peer = this.#open(offer);
    this.#entries.set(offer.peer, { offer, peer });
    this.#pump.add(peer);
    this.#counters.add('webrtc.offers');
    this.#start();
    void peer.accept(offer.sdp);
    return undefined;
  }

  candidate({ peer, candidate }: ArgOf<'candidate'>): void {
    const { maxCandidateBytes } = this.#options.limits;
    if (candidate !== undefined && Buffer.byteLength(candidate.candidate) > maxCandidateBytes)
      return this.#counters.add('webrtc.candidates_refused');
    void this.#entries.get(peer)?.peer.addCandidate(candidate);
  }

  respond({ peer, answer }: ArgOf<'respond'>): void {
    this.#entries.get(peer)?.peer.connection?.respond(answer);
  }

  notifyPeer({ peer, name, data }: ArgOf<'notify_peer'>): void {
    this.#entries.get(peer)?.peer.connection?.notify(name, data);
  }

  app({ peer, data }: ArgOf<'app'>): Promise<void> {
    const connection = this.#entries.get(peer)?.peer.connection;
    return new Promise((resolve, reject) => {
      const isSent = connection?.app(data, resolve) ?? false;
      if (!isSent) reject(fail('webrtc.no_peer', 'the device is not connected'));
    });
  }

  closePeer({ peer, code, message }: ArgOf<'close_peer'>): void {
    this.#entries.get(peer)?.peer.close(fail(code, message));
  }

  closeDevice({ device_id, unless_view_only, code, message }: ArgOf<'close_device'>): void {
    for (const { offer, peer } of this.#entries.values())
      if (offer.device_id === device_id && offer.view_only !== unless_view_only)
        peer.close(fail(code, message));
  }

  list(): PeerSummary[] {
    return [...this.#entries.values()].map(({ offer, peer }) => {
      const { connected_ms, path, ...more } = peer.statistics;
      const { peer: number, identity, device_id, name, view_only } = offer;
      const connected_s = connected_ms === undefined ? undefined : Math.round(connected_ms / 100) / 10;
      return { peer: number, identity, device_id, name, view_only, connected_s, path: path?.kind, ...more };
    });
  }

  /**
   * Closes all. Resolves when their sockets are closed: Node ends the whole process when a datagram comes to a thread
   * that is being terminated.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const peers = [...this.#entries.values()].map(({ peer }) => peer);
    for (const peer of peers) peer.close(fail('hub.stopping', 'The hub ends.'));
    this.#tellCounts();
    this.#events.close();
    await Promise.all(peers.map(({ gone }) => gone));
  }

  #refused(error: HubError): HubError {
    this.#counters.add('webrtc.offers_refused');
    this.#tellCounts();
    return error;
  }

  #refusal(offer: Offer): HubError | undefined {
    if (!this.#offers.take(1)) return fail('webrtc.too_many_offers', 'Too many offers came in a short time.');
    return this.#crowded(offer) ?? checkOffer(offer.sdp, this.#options.limits.maxSdpBytes);
  }

  #crowded({ device_id, identity }: Offer): HubError | undefined {
    const { limits } = this.#options;
    if (this.#isStopping) return fail('hub.stopping', 'The hub ends.');
    const others = [...this.#entries.values()].filter(({ offer }) => offer.identity !== identity);
    const ofDevice = others.filter(({ offer }) => offer.device_id === device_id);
    if (others.length < limits.maxPeers && ofDevice.length < limits.maxPeersPerDevice) return undefined;
    return fail(
      'webrtc.too_many_peers',
      `The hub has ${others.length} connections with devices, ${ofDevice.length} with this one. Close some.`,
    );
  }

  #open({ peer, view_only, ice }: Offer): Peer {
    const { openRtc, hello, host, limits, clock, loopAgeMs } = this.#options;
    return new Peer({
      openRtc,
      ice,
      hello,
      host,
      limits,
      clock,
      loopAgeMs,
      counters: this.#counters,
      role: view_only ? 'viewer' : 'user',
      onAnswer: (sdp) => this.#events.tell({ type: 'webrtc.answer', peer, sdp }),
      onCandidate: (found) => this.#events.tell({ type: 'webrtc.candidate', peer, ...found }),
      onConnected: () => {
        this.#events.tell({ type: 'webrtc.connected', peer });
        this.#tellPaths();
      },
      onRequest: ({ id, method, params }) =>
        this.#events.offer({ type: 'webrtc.request', peer, id, method, params }),
      onApp: (data) => this.#events.offer({ type: 'webrtc.message', peer, data }),
      onWaiting: () => this.#pump.run(),
      onControlSent: (bytes) => this.#cap.spend(bytes),
      onClosed: (reason, connected) => this.#closed(peer, reason, connected),
    });
  }

  #closed(number: number, reason: string, connected: boolean): void {
    const entry = this.#entries.get(number);
    if (entry !== undefined) this.#pump.remove(entry.peer);
    this.#entries.delete(number);
    this.#counters.add(connected ? 'webrtc.closed' : 'webrtc.set_ups_failed');
    this.#events.tell({ type: 'webrtc.closed', peer: number, reason, connected });
    this.#tellCounts();
    if (this.#entries.size > 0) return;
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#lag.stop();
    this.#pump.stop();
  }

  #start(): void {
    if (this.#timer === undefined) this.#wait();
  }

  #wait(): void {
    this.#timer = this.#options.clock.after(LOOK_MS, () => {
      this.#wait();
      const delays: number[] = [];
      for (const { peer } of this.#entries.values()) {
        peer.look();
        const delay = peer.pongDelayMs;
        if (delay !== undefined) delays.push(delay);
      }
      // If even the quickest is late it is us; else it is that device's network.
      const pong_delay_ms = delays.length === 0 ? 0 : Math.min(...delays);
      const isBusy = this.#cap.spentBytes - this.#spentBytes > IDLE_BYTES;
      this.#spentBytes = this.#cap.spentBytes;
      if (isBusy) this.#lag.start();
      else this.#lag.stop();
      this.#cap.look({ lag_p99_ms: this.#lag.p99Ms, pong_delay_ms });
      if (++this.#looks % LOOKS_PER_COUNT !== 0) return;
      this.#tellCounts();
      this.#tellPaths();
    });
  }

  /** For who asks how the hub is, without waiting for this thread. */
  #tellPaths(): void {
    const paths = [...this.#entries].flatMap(([peer, entry]) => {
      const { connected_ms, path, rtt_ms } = entry.peer.statistics;
      if (connected_ms === undefined) return [];
      return [
        {
          peer,
          ...(path === undefined ? {} : { path: path.kind }),
          ...(rtt_ms === undefined ? {} : { rtt_ms: Math.round(rtt_ms * 10) / 10 }),
        },
      ];
    });
    const text = JSON.stringify(paths);
    if (text === this.#toldPaths) return;
    if (this.#events.offer({ type: 'webrtc.paths', source: 'worker', paths })) this.#toldPaths = text;
  }

  #tellCounts(): void {
    const totals = this.#counters.snapshot();
    const text = JSON.stringify(totals);
    if (text === this.#told) return;
    if (this.#events.offer({ type: 'webrtc.counted', source: 'worker', totals })) this.#told = text;
  }
}
