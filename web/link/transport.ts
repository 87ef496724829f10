/**
 * What the engine needs of the browser, as interfaces: a way to a relay, a WebRTC connection, the page. The real ones are
 * cable.ts, peer.ts and page.ts; tests have others, so that everything between them runs without a browser.
 */
import type { HubGreeting, Signal, SignalSubscription } from '../../protocol/signals.js';

/** One subscription at a relay, over all its reconnects. */
export interface CableListener {
  /** Subscribed: what is performed from now on is passed on. */
  connected(): void;
  disconnected(): void;
  /** The relay does not take the subscription. Close it. */
  rejected(): void;
  /** Something of the relay's; not checked. */
  received(message: unknown): void;
}

export interface CableSubscription {
  /** How long ago the relay was last heard; it pings every 3 s. */
  heardAgoMs(): number;
  /** Performs `signal`. False: not connected, nothing was sent. */
  send(data: string): boolean;
  /** Connects at once if nothing is under way. */
  retry(): void;
  /** Connects anew at once, whatever the old connection thinks of itself. */
  reopen(): void;
  close(): void;
}

export type SubscribeCable = (
  url: string,
  params: SignalSubscription,
  listener: CableListener,
) => CableSubscription;

export type Channel = 'control' | 'bytes';

export interface PeerListener {
  /** For the hub: the offer, then candidates. */
  signal(signal: Signal): void;
  /** Both channels are open. */
  opened(): void;
  received(channel: Channel, message: Uint8Array): void;
  /** `bufferedBytes` has become small. */
  drained(): void;
  /** The browser doubts that the path still works. */
  doubtful(): void;
  /** It ended, by itself. Called once, and nothing after it. */
  closed(reason: string): void;
}

export interface PeerStats {
  readonly path: 'host' | 'srflx' | 'prflx' | 'relay' | undefined;
  readonly sent_bytes: number;
  readonly received_bytes: number;
}

export interface PeerLink {
  /** Takes the answer or a candidate. */
  accept(signal: Signal): void;
  /** One message of at most MAX_MESSAGE_BYTES on the control channel. */
  send(message: Uint8Array): void;
  /** Waiting in the control channel. */
  readonly bufferedBytes: number;
  /** What the browser said of a STUN or TURN server, if a way is not found. */
  readonly trouble?: string | undefined;
  stats(): Promise<PeerStats>;
  /** Ends it; the listener hears nothing more. */
  close(): void;
}

export type OpenPeer = (ice: HubGreeting['ice'], listener: PeerListener) => PeerLink;

/** Why one should look at once whether everything still works. */
export type Wake = 'online' | 'shown';

export interface Page {
  readonly visible: boolean;
  /** Calls back when the page was shown or the network came back, and when it was hidden. Gives the function that ends it. */
  watch(listener: { woke(why: Wake): void; hidden(): void }): () => void;
}
