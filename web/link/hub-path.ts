/**
 * One way to a hub, from the first signal to its end: session, offer, channels, greeting, then open until it breaks.
 *
 * Never repaired, never used again: hub-connection.ts makes the next one. The listener hears `over` once, whatever
 * happened, unless the path was closed from this side.
 */
import type { Clock } from '../../base/clock.js';
import { fail, type HubError, isHubError } from '../../base/errors.js';
import { type Disposable, Scope } from '../../base/scope.js';
import type { Hello } from '../../protocol/messages.js';
import type { HubGreeting, Signal } from '../../protocol/signals.js';
import { HubWire, type WireListener } from './hub-wire.js';
import type { SealedSession } from './signaling.js';
import type { Channel, OpenPeer, PeerLink } from './transport.js';

const ANSWER_MS = 4_000;
const OPEN_MS = 12_000;
const HELLO_MS = 4_000;
/** Messages of one channel that came before the other one was open. The hub has nothing to say yet but hello. */
const MAX_EARLY = 64;

/** What a path needs of a session at the relay. */
export type PathSession = Pick<SealedSession, 'greeting' | 'reusable' | 'listen' | 'send'>;

export interface PathListener extends Omit<WireListener, 'ended'> {
  /** The hub has taken the offer: it knows this device. */
  answered(greeting: HubGreeting): void;
  online(wire: HubWire, peer: PeerLink): void;
  /** The browser doubts that it still works. */
  doubtful(): void;
  over(error: HubError): void;
}

export interface PathOptions {
  readonly clock: Clock;
  readonly openPeer: OpenPeer;
  readonly hello: Omit<Hello, 'type'>;
  readonly session: () => Promise<PathSession>;
  readonly listener: PathListener;
}

export class HubPath implements Disposable {
  readonly #options: PathOptions;
  readonly #scope = new Scope();
  #session: PathSession | undefined;
  #peer: PeerLink | undefined;
  #wire: HubWire | undefined;
  #answered = false;
  #early: { readonly channel: Channel; readonly message: Uint8Array }[] = [];
  #deadline: Disposable | undefined;

  constructor(options: PathOptions) {
    this.#options = options;
    options.session().then(
      (session) => this.#offer(session),
      (thrown: unknown) => this.#end(thrown),
    );
  }

  /** Ends it; the listener hears nothing more. */
  dispose(): void {
    this.#deadline?.dispose();
    // A hub that still works on the last offer must not take its answer for one to the next.
    if (this.#session !== undefined && !this.#answered) this.#session.reusable = false;
    this.#session?.listen(undefined);
    this.#scope.dispose();
    this.#wire?.closed();
    this.#peer?.close();
    this.#early = [];
  }

  #offer(session: PathSession): void {
    if (this.#scope.disposed) return;
    this.#session = session;
    session.listen({ signal: (signal) => this.#take(signal) });
    this.#within(ANSWER_MS, 'The hub does not answer the offer of a connection.');
    try {
      this.#peer = this.#options.openPeer(session.greeting.ice, {
        signal: (signal) => this.#tell(signal),
        opened: () => this.#opened(),
        received: (channel, message) => this.#received(channel, message),
        drained: () => this.#wire?.drained(),
        doubtful: () => this.#options.listener.doubtful(),
        closed: (reason) => {
          const trouble = this.#wire === undefined ? this.#peer?.trouble : undefined;
          this.#end(broken(trouble === undefined ? reason : `${reason}; ${trouble}`));
        },
      });
    } catch (thrown) {
      this.#end(broken(String(thrown)));
    }
  }

  #tell(signal: Signal): void {
    if (this.#scope.disposed || this.#session?.send(signal) === true) return;
    // Candidates that come when all is open are of no use any more.
    if (this.#wire === undefined) this.#end(broken('the relay was lost meanwhile'));
  }

  #take(signal: Signal): void {
    if (signal.type === 'rekey') {
      if (this.#wire === undefined) this.#end(broken('the hub wants to be greeted again'));
      return;
    }
    if (signal.type === 'answer' && !this.#answered && this.#session !== undefined) {
      this.#answered = true;
      this.#within(OPEN_MS, 'No way through the network to the hub was found.');
      this.#options.listener.answered(this.#session.greeting);
    }
    this.#peer?.accept(signal);
  }

  #received(channel: Channel, message: Uint8Array): void {
    if (this.#wire !== undefined) this.#wire.receive(channel, message);
    else if (this.#early.length < MAX_EARLY) this.#early.push({ channel, message });
    else this.#end(broken('the hub speaks before it was greeted'));
  }

  #opened(): void {
    const { listener, hello } = this.#options;
    const peer = this.#peer;
    if (this.#scope.disposed || this.#wire !== undefined || peer === undefined) return;
    this.#within(HELLO_MS, 'The hub does not greet.');
    const wire = new HubWire(peer, hello, {
      event: (event) => listener.event(event),
      terminal: (frame) => listener.terminal(frame),
      pong: (pong) => listener.pong(pong),
      app: (message) => listener.app(message),
      heard: () => listener.heard(),
      ended: (error) => this.#end(error),
    });
    this.#wire = wire;
    wire.greeted.then(
      () => {
        if (this.#scope.disposed) return;
        this.#deadline?.dispose();
        listener.online(wire, peer);
      },
      () => undefined,
    );
    for (const { channel, message } of this.#early.splice(0)) wire.receive(channel, message);
  }

  /** The next step must be done by then. */
  #within(ms: number, message: string): void {
    this.#deadline?.dispose();
    this.#deadline = this.#options.clock.after(ms, () => {
      const trouble = this.#wire === undefined ? this.#peer?.trouble : undefined;
      this.#end(fail('link.timeout', trouble === undefined ? message : `${message} ${trouble}.`));
    });
  }

  #end(thrown: unknown): void {
    if (this.#scope.disposed) return;
    this.dispose();
    const error = isHubError(thrown) ? thrown : broken(String(thrown));
    this.#options.listener.over(error);
  }
}

function broken(reason: string): HubError<'link.broken'> {
  return fail('link.broken', `The connection to the hub broke: ${reason}.`);
}
