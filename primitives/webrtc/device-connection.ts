/**
 * One device's connection, whatever carries it: greeting, what its role allows, requests, answers, pings, its own relay
 * to the session host.
 *
 * A ping is answered before anything else. What a device may not do is answered with a coded error and goes no further;
 * what it may never send, or sends too much of, ends this connection and no other. Requests about sessions go to the
 * session host, others to `onRequest`. Of output there waits what credit allows (attach-credit.ts), of the hub's own
 * messages `maxQueuedBytes`.
 */
import type { Clock } from '../../base/clock.js';
import type { Counters } from '../../base/counters.js';
import { fail, HubError, isHubError } from '../../base/errors.js';
import type { LuaValue } from '../../base/values.js';
import { isSessionMethod } from '../../protocol/host-methods.js';
import {
  encodeMessage,
  type Hello,
  type Message,
  type MessageOf,
  type Response,
  wireError,
} from '../../protocol/messages.js';
import { MAX_MESSAGE_BYTES, type Role, refusal } from '../../protocol/peers.js';
import { versionMismatch } from '../../protocol/version.js';
import type { HostAccess } from '../../session-link/host-access.js';
import { type DeviceMessage, type DeviceTerminalFrame, Intake } from './intake.js';
import type { PeerLimits } from './limits.js';
import { NO_ATTACH, type SendQueue } from './send-queue.js';
import { SessionRelay } from './session-relay.js';

export interface DeviceConnectionOptions {
  readonly hello: Omit<Hello, 'type'>;
  readonly role: Role;
  readonly limits: PeerLimits;
  readonly clock: Clock;
  /** The way to the session host. */
  readonly host: HostAccess;
  readonly counters: Counters;
  /** Age of the hub's loop. */
  readonly loopAgeMs: () => number;
  readonly queue: SendQueue;
  /** Something was put into the queue. */
  readonly onQueued: () => void;
  readonly onHello: (hello: Hello) => void;
  /** Not those about sessions. False: not taken. */
  readonly onRequest: (request: MessageOf<'request'>) => boolean;
  /** For the hub's Lua. False: not taken. */
  readonly onApp: (data: LuaValue) => boolean;
  readonly onPong: (id: number) => void;
  /** The connection cannot go on. Called once; what the device is to be told waits in the queue. */
  readonly onFailed: (error: HubError) => void;
}

export class DeviceConnection {
  readonly #options: DeviceConnectionOptions;
  readonly #intake: Intake;
  readonly #sessions: SessionRelay;
  readonly #inFlight = new Set<number>();
  #state: 'greeting' | 'open' | 'closed' = 'greeting';
  /** Of the hub's own messages. */
  #queuedBytes = 0;
  #toldAppRefused = false;

  /** Greets. */
  constructor(options: DeviceConnectionOptions) {
    this.#options = options;
    const { clock, limits, host, role, counters, queue, onQueued, hello } = options;
    this.#intake = new Intake(clock, limits, {
      message: (message, payload) => this.#message(message, payload),
      terminal: (frame) => this.#terminal(frame),
    });
    this.#sessions = new SessionRelay({
      host,
      role,
      limits,
      counters,
      queue,
      onQueued,
      settle: (id) => this.#inFlight.delete(id),
      answer: (answer) => this.respond(answer),
      notify: (name, data) => this.notify(name, data),
    });
    this.#send({ type: 'hello', ...hello });
  }

  /** Takes what came on the channel `control`. */
  receive(chunk: Uint8Array): void {
    if (this.#state === 'closed') return;
    try {
      this.#intake.push(chunk);
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw thrown;
      this.close(thrown);
    }
  }

  /** Answers an open request; one that is not open is ignored. */
  respond(answer: Omit<Response, 'type'>): void {
    if (this.#state !== 'open' || !this.#inFlight.delete(answer.id)) return;
    try {
      this.#send({ type: 'response', ...answer });
    } catch (thrown) {
      if (!isHubError(thrown)) throw thrown;
      this.#refuse(answer.id, fail('protocol.response_too_large', 'The answer is too large to send.'));
    }
  }

  /** Tells a fact. One too large to send is not sent. */
  notify(name: string, data: MessageOf<'event'>['data']): void {
    if (this.#state !== 'open') return;
    try {
      this.#send({ type: 'event', name, data });
    } catch (thrown) {
      if (!isHubError(thrown)) throw thrown;
      this.#options.counters.add('webrtc.events_too_large');
    }
  }

  /** Sends something of the hub's Lua. False: there is no device. Errors: protocol.frame_too_large. */
  app(data: LuaValue, onTaken: () => void): boolean {
    if (this.#state !== 'open') return false;
    this.#send({ type: 'app', data }, onTaken);
    return true;
  }

  ping(id: number): void {
    if (this.#state === 'open') this.#send({ type: 'dc_ping', id });
  }

  /** What waits has become less. */
  drained(): void {
    if (this.#state === 'open') this.#sessions.drained();
  }

  /** Takes nothing more from the device, and says why as the last it is sent. Without a reason: silently. */
  close(error?: HubError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#sessions.close();
    this.#options.queue.clear();
    if (error === undefined) return;
    this.#options.queue.pushControl(encodeMessage({ type: 'error', ...wireError(error) }));
    this.#options.onFailed(error);
  }

  #message(message: DeviceMessage, payload: Uint8Array): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'greeting') return this.#greet(message);
    switch (message.type) {
      case 'dc_ping':
        return this.#send({
          type: 'dc_pong',
          id: message.id,
          loop_age_ms: this.#options.loopAgeMs(),
          queued_bytes: this.#options.queue.bytes,
        });
      case 'dc_pong':
        return this.#options.onPong(message.id);
      case 'request':
        return this.#request(message, payload);
      case 'app':
        return this.#app(message.data);
      case 'hello':
        throw fail('protocol.message_invalid', 'hello was said already.');
    }
  }

  #greet(message: DeviceMessage): void {
    if (message.type !== 'hello') throw fail('protocol.hello_expected', 'The first message must be hello.');
    const problem = versionMismatch(this.#options.hello, message);
    if (problem !== undefined) throw problem;
    this.#state = 'open';
    this.#options.onHello(message);
  }

  #request(request: MessageOf<'request'>, payload: Uint8Array): void {
    const { id, method } = request;
    const { limits, role, counters, onRequest } = this.#options;
    if (this.#inFlight.has(id)) throw fail('protocol.message_invalid', `Request ${id} is still open.`);
    const why = refusal(method, role);
    if (why !== undefined) {
      counters.add(`webrtc.refused_${why}`);
      return this.#refuse(id, why === 'view_only' ? viewOnly(method) : notAllowed(method));
    }
    if (this.#inFlight.size >= limits.maxInFlight) {
      const text = `More than ${limits.maxInFlight} requests are open. Wait for answers.`;
      return this.#refuse(id, fail('webrtc.too_many_requests', text));
    }
    this.#inFlight.add(id);
    if (isSessionMethod(method)) this.#sessions.request(request, payload);
    else if (!onRequest(request)) {
      const error = fail('hub.busy', 'The hub has too much to do. Try again.');
      this.respond({ id, ok: false, error: wireError(error) });
    }
  }

  #app(data: LuaValue): void {
    const { role, counters, onApp } = this.#options;
    if (role === 'user') {
      if (!onApp(data)) counters.add('webrtc.messages_dropped');
      return;
    }
    // What a plugin makes of it may be anything.
    counters.add('webrtc.refused_view_only');
    if (this.#toldAppRefused) return;
    this.#toldAppRefused = true;
    this.notify('app.refused', wireError(viewOnly('app')));
  }

  #terminal(frame: DeviceTerminalFrame): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'greeting') throw fail('protocol.hello_expected', 'The first message must be hello.');
    this.#sessions.terminal(frame);
  }

  #refuse(id: number, error: HubError): void {
    this.#send({ type: 'response', id, ok: false, error: wireError(error) });
  }

  #send(message: Message, onTaken?: () => void): void {
    const { queue, limits, onQueued } = this.#options;
    const frame = encodeMessage(message);
    const { length } = frame;
    this.#queuedBytes += length;
    const taken = (): void => {
      this.#queuedBytes -= length;
      onTaken?.();
    };
    if (length <= MAX_MESSAGE_BYTES) queue.pushControl(frame, taken);
    else queue.pushBytes(NO_ATTACH, frame, taken);
    if (this.#queuedBytes > limits.maxQueuedBytes)
      this.close(fail('webrtc.slow_device', `More than ${limits.maxQueuedBytes} bytes wait for the device.`));
    onQueued();
  }
}

function notAllowed(method: string): HubError<'device.not_allowed'> {
  return fail(
    'device.not_allowed',
    `Devices may not use ${JSON.stringify(method)}. Use the botster command.`,
  );
}

function viewOnly(method: string): HubError<'device.view_only'> {
  return fail(
    'device.view_only',
    `This device may only look on, so it may not use ${method}. "botster devices" can change that.`,
  );
}
