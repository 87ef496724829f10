/**
 * A hub by way of its relay: the subscription, the handshake, and then signals in sealed envelopes.
 *
 * A session is used again for a new offer as long as the cable under it was never interrupted: an envelope that was lost
 * would make the hub drop all that follow. What a relay or somebody else puts in between is dropped and counted.
 */
import { fits } from '../../base/check.js';
import type { Clock } from '../../base/clock.js';
import type { Counters } from '../../base/counters.js';
import { fail, type HubError, isHubError } from '../../base/errors.js';
import { type Disposable, Scope } from '../../base/scope.js';
import type { DeviceHandshake, DeviceSession } from '../../pairing/device-handshake.js';
import { type HubGreeting, type Signal, signalMessage } from '../../protocol/signals.js';
import type { CableSubscription, SubscribeCable } from './transport.js';

/** A relay that was heard within this is taken to be there: it pings every 3 s. */
export const FRESH_MS = 4_500;
const CABLE_MS = 4_000;
const REPLY_MS = 5_000;
/** A relay that refused a connection is asked again so soon. */
const RETRY_MS = 400;
/** When a greeting is sent again: the hub may have come a moment after this device. Sent twice, it counts once. */
const REPEATS_MS = [300, 900, 2_000, 3_500];

export interface SessionListener {
  signal(signal: Signal): void;
}

export interface SignalingOptions {
  readonly subscribe: SubscribeCable;
  readonly cableUrl: string;
  readonly address: string;
  /** This subscription's own name. */
  readonly peerToken: string;
  readonly clock: Clock;
  readonly counters: Counters;
  /** The relay is there again. */
  readonly onConnected: () => void;
  /** It is gone, and perhaps more than it. */
  readonly onDisconnected: () => void;
}

/** What a hub and this device say to each other under one handshake. */
export class SealedSession {
  readonly greeting: HubGreeting;
  readonly #link: Signaling;
  readonly #channel: DeviceSession['channel'];
  #listener: SessionListener | undefined;
  /** It may be used for another offer. */
  reusable = true;

  constructor(link: Signaling, { greeting, channel }: DeviceSession) {
    this.#link = link;
    this.greeting = greeting;
    this.#channel = channel;
  }

  /** From now on this one hears the signals, and nobody else. */
  listen(listener: SessionListener | undefined): void {
    this.#listener = listener;
  }

  /** What cannot be sent ends the use of the session: the hub would miss it. */
  send(signal: Signal): boolean {
    const data = this.#channel.seal(signal);
    if (data !== undefined && this.#link.send(data)) return true;
    this.reusable = false;
    return false;
  }

  /** Undefined: it was a signal. */
  receive(data: string): HubError | undefined {
    const signal = this.#channel.open(data);
    if (isHubError(signal)) return signal;
    if (signal.type === 'rekey') this.reusable = false;
    this.#listener?.signal(signal);
    return undefined;
  }

  close(): void {
    this.reusable = false;
    this.#listener = undefined;
    this.#channel.close();
  }
}

export class Signaling implements Disposable {
  readonly #options: SignalingOptions;
  /** Counts the calls of `session`: only the last one counts. */
  #turn = 0;
  #subscription: CableSubscription | undefined;
  #connected = false;
  #session: SealedSession | undefined;
  /** What is under way; only one thing is. */
  #opening:
    | { readonly scope: Scope; connected(): void; rejected(): void; received(data: string): void }
    | undefined;

  constructor(options: SignalingOptions) {
    this.#options = options;
  }

  /** A session with the hub: the one there is, or by a handshake. Errors: link.relay_unreachable, link.no_answer. */
  async session(greet: () => Promise<DeviceHandshake>): Promise<SealedSession> {
    const turn = ++this.#turn;
    this.#opening?.scope.dispose();
    const fresh =
      this.#connected && (this.#subscription?.heardAgoMs() ?? Number.POSITIVE_INFINITY) < FRESH_MS;
    if (fresh && this.#session?.reusable === true) return this.#session;
    this.#dropSession();
    if (this.#subscription === undefined) this.#subscribe();
    else if (!fresh) this.#subscription.reopen();
    const handshake = await greet();
    try {
      if (turn !== this.#turn) throw superseded();
      return await this.#handshake(handshake);
    } finally {
      handshake.close();
    }
  }

  /** Connects anew to a relay that was not heard for long, so that it is there when it is needed. */
  freshen(): void {
    if (this.#opening === undefined && !this.#fresh) this.#subscription?.reopen();
  }

  send(data: string): boolean {
    return this.#connected && this.#subscription?.send(data) === true;
  }

  dispose(): void {
    this.#turn++;
    this.#opening?.scope.dispose();
    this.#dropSession();
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#connected = false;
  }

  get #fresh(): boolean {
    return this.#connected && (this.#subscription?.heardAgoMs() ?? Number.POSITIVE_INFINITY) < FRESH_MS;
  }

  #subscribe(): void {
    const { subscribe, cableUrl, address, peerToken } = this.#options;
    try {
      this.#subscription = subscribe(
        cableUrl,
        { hub: address, role: 'device', peer: peerToken },
        {
          connected: () => {
            this.#connected = true;
            this.#opening?.connected();
            this.#options.onConnected();
          },
          disconnected: () => {
            this.#connected = false;
            if (this.#session !== undefined) this.#session.reusable = false;
            this.#options.onDisconnected();
          },
          rejected: () => {
            // Asked again with the next try.
            this.#connected = false;
            this.#subscription?.close();
            this.#subscription = undefined;
            this.#opening?.rejected();
          },
          received: (message) => this.#receive(message),
        },
      );
    } catch (thrown) {
      // A page that came over https may not open ws:, and says so by throwing.
      throw fail('link.relay_unreachable', `The relay cannot be reached from this page: ${String(thrown)}.`);
    }
  }

  #handshake(handshake: DeviceHandshake): Promise<SealedSession> {
    const { clock } = this.#options;
    const scope = new Scope();
    return new Promise<SealedSession>((resolve, reject) => {
      scope.defer(() => {
        this.#opening = undefined;
        reject(superseded());
      });
      const giveUp = (error: HubError): void => {
        reject(error);
        scope.dispose();
      };
      let greeted = false;
      const greet = (): void => {
        this.send(handshake.data);
        if (greeted) return;
        greeted = true;
        for (const delayMs of REPEATS_MS) scope.use(clock.after(delayMs, () => this.send(handshake.data)));
        scope.use(clock.after(REPLY_MS, () => giveUp(noAnswer())));
      };
      this.#opening = {
        scope,
        connected: greet,
        rejected: () =>
          giveUp(fail('link.relay_refused', 'The relay refuses to pass on messages for this device.')),
        received: (data) => {
          const session = handshake.receive(data);
          if (session === undefined) return this.#drop('no_reply');
          this.#session = new SealedSession(this, session);
          resolve(this.#session);
          scope.dispose();
        },
      };
      scope.use(clock.after(CABLE_MS, () => greeted || giveUp(unreachable())));
      const look = (): void => {
        if (!this.#connected) this.#subscription?.retry();
        scope.use(clock.after(RETRY_MS, look));
      };
      look();
      if (this.#connected) greet();
    });
  }

  #receive(message: unknown): void {
    if (!fits(signalMessage, message)) return this.#drop('malformed');
    if (this.#opening !== undefined) return this.#opening.received(message.data);
    const problem = this.#session?.receive(message.data);
    if (problem !== undefined) this.#drop(problem.code.replace('pairing.', ''));
  }

  #drop(reason: string): void {
    this.#options.counters.add(`link.signal_dropped_${reason}`);
  }

  #dropSession(): void {
    this.#session?.close();
    this.#session = undefined;
  }
}

function superseded(): HubError<'link.superseded'> {
  return fail('link.superseded', 'Another try took its place.');
}

function unreachable(): HubError<'link.relay_unreachable'> {
  return fail('link.relay_unreachable', 'The relay does not answer. Is this device online?');
}

function noAnswer(): HubError<'link.no_answer'> {
  return fail('link.no_answer', 'The hub does not answer. Is it running?');
}
