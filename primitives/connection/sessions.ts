/**
 * Handshakes that were answered, and connections that came of them. Each holds two keys.
 *
 * Keeps true: bounded per device and in all, the oldest goes first; an answered greeting that nothing sealed follows goes
 * after a minute, a connection that is silent after a day; the keys go with it.
 */
import type { Clock } from '../../base/clock.js';
import { hex } from '../../pairing/addresses.js';
import type { SealedChannel } from '../../pairing/sealed-channel.js';

const MAX_PER_DEVICE = 16;
const MAX_SESSIONS = 1_024;
const UNCONFIRMED_MS = 60_000;
const IDLE_MS = 24 * 3_600_000;

/** What a device that greets with a code will be, if it goes on. */
export interface Pairing {
  readonly publicKey: Uint8Array;
  readonly name: string;
  readonly secret: Uint8Array;
  readonly viewOnly: boolean;
  readonly sentMs: number;
}

export interface Session {
  readonly channel: SealedChannel;
  readonly pairing: Pairing | undefined;
  /** The relay's name for where the device can be reached now. */
  peer: string;
  /** Something sealed came from the device. */
  confirmed: boolean;
  lastMs: number;
}

export class Sessions {
  readonly #clock: Clock;
  readonly #onEnd: (session: Session) => void;
  /** By connection, in hex. In the order in which they were last heard of. */
  readonly #open = new Map<string, Session>();

  /** `onEnd`: a confirmed one is over. */
  constructor(clock: Clock, onEnd: (session: Session) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  get(connectionId: Uint8Array): Session | undefined {
    return this.#open.get(hex(connectionId));
  }

  byIdentity(identity: string): Session | undefined {
    const session = this.#open.get(identity.slice(identity.indexOf(':') + 1));
    return session?.channel.identity === identity ? session : undefined;
  }

  ofDevice(deviceId: string): Session[] {
    return [...this.#open.values()].filter(({ channel }) => channel.deviceId === deviceId);
  }

  /** Makes room if need be. */
  add(session: Omit<Session, 'confirmed' | 'lastMs'>): void {
    const own = this.ofDevice(session.channel.deviceId);
    if (own.length >= MAX_PER_DEVICE) this.#endOldest(own);
    if (this.#open.size >= MAX_SESSIONS) this.#endOldest([...this.#open.values()]);
    const { channel, pairing, peer } = session;
    this.#open.set(hex(channel.connectionId), {
      channel,
      pairing,
      peer,
      confirmed: false,
      lastMs: this.#clock.nowMs(),
    });
  }

  heard(session: Session, peer: string): void {
    const key = hex(session.channel.connectionId);
    session.peer = peer;
    session.lastMs = this.#clock.nowMs();
    this.#open.delete(key);
    this.#open.set(key, session);
  }

  end(session: Session): void {
    if (!this.#open.delete(hex(session.channel.connectionId))) return;
    session.channel.close();
    if (session.confirmed) this.#onEnd(session);
  }

  /** Ends those that are over by time. */
  sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const session of [...this.#open.values()]) {
      if (nowMs - session.lastMs > (session.confirmed ? IDLE_MS : UNCONFIRMED_MS)) this.end(session);
    }
  }

  /** Answered greetings go before connections. */
  #endOldest(among: readonly Session[]): void {
    const oldest = among.find(({ confirmed }) => !confirmed) ?? among[0];
    if (oldest !== undefined) this.end(oldest);
  }
}
