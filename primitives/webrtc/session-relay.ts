/**
 * A device and the session host: what the device asks of sessions and types goes there by a relay of its own, what comes
 * back goes into the device's queue, each attach a flow of it.
 *
 * A viewer's attaches are made view-only whatever it asks for, and what it types goes nowhere. Credit is passed on by
 * attach-credit.ts. While the host takes nothing, what the device sends waits here, and too much of it ends the
 * connection: WebRTC cannot be made to wait.
 */
import type { Counters } from '../../base/counters.js';
import { fail, isHubError } from '../../base/errors.js';
import type { LuaValue } from '../../base/values.js';
import { FRAME_HEADER_BYTES, frameTypes } from '../../protocol/frames.js';
import { encodeMessage, type MessageOf, type Response, wireError } from '../../protocol/messages.js';
import { MAX_MESSAGE_BYTES, type Role } from '../../protocol/peers.js';
import { encodeTerminalFrame } from '../../protocol/terminal-frames.js';
import type { HostAccess } from '../../session-link/host-access.js';
import { BUFFERED_BYTES, HostRelay, type RelayClient } from '../../session-link/host-relay.js';
import { AttachCredit } from './attach-credit.js';
import type { DeviceTerminalFrame } from './intake.js';
import type { PeerLimits } from './limits.js';
import { NO_ATTACH, type SendQueue } from './send-queue.js';

export interface SessionRelayOptions {
  readonly host: HostAccess;
  readonly role: Role;
  readonly limits: Pick<PeerLimits, 'maxInputBytes'>;
  readonly counters: Counters;
  readonly queue: SendQueue;
  readonly onQueued: () => void;
  /** An answer comes another way than `answer`. False: nobody waits for it. */
  readonly settle: (id: number) => boolean;
  readonly answer: (answer: Omit<Response, 'type'>) => void;
  readonly notify: (name: string, data: MessageOf<'event'>['data']) => void;
}

interface Held {
  readonly bytes: number;
  readonly send: (relay: HostRelay) => void;
}

/** Attaches of a viewer that were told once that they cannot type. */
const MAX_TOLD = 1_024;
/** Of an attach whose device does not say: with the least rate of output, a flood is shown to its end within a quarter of a second. */
const LAG_BYTES = 64 * 1024;

export class SessionRelay {
  readonly #options: SessionRelayOptions;
  readonly #credit: AttachCredit;
  /** Open requests `session.attach`, by id: the number of the attach. */
  readonly #attaching = new Map<number, number>();
  readonly #told = new Set<number>();
  #relay: HostRelay | undefined;
  /** The relay stopped reading the host. */
  #isFull = false;
  /** The host takes nothing now, and what is for it, in order. */
  #isHeld = false;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #closed = false;

  constructor(options: SessionRelayOptions) {
    this.#options = options;
    this.#credit = new AttachCredit((attach, bytes_count) =>
      this.#toHost({ type: 'credit', attach, bytes_count }),
    );
  }

  /** Errors: webrtc.too_much_input. */
  request(request: MessageOf<'request'>, payload: Uint8Array): void {
    const { id, method, params } = request;
    if (!isTable(params)) return this.#ask(request, payload);
    const { attach } = params;
    if (method === 'session.detach' && typeof attach === 'number') this.#credit.close(attach);
    if (method !== 'session.attach') return this.#ask(request, payload);
    const { credit } = params;
    // Malformed ones are the host's to refuse.
    const isSound = isCount(attach) && isCount(credit);
    if (isSound && this.#credit.has(attach))
      return this.#answer(id, fail('session.attach_in_use', `Attach ${attach} is in use.`));
    const own = {
      lag_bytes: LAG_BYTES,
      ...params,
      ...(this.#options.role === 'viewer' ? { view_only: true } : {}),
      ...(isSound ? { credit: this.#credit.open(attach, credit) } : {}),
    };
    if (isSound) this.#attaching.set(id, attach);
    const changed = { ...request, params: own };
    this.#ask(changed, encodeMessage(changed).subarray(FRAME_HEADER_BYTES));
  }

  /** Errors: webrtc.too_much_input. */
  terminal(frame: DeviceTerminalFrame): void {
    if (frame.type === 'credit') return this.#credit.grant(frame.attach, frame.bytes_count);
    if (this.#options.role === 'viewer') return this.#refuseInput(frame.attach, frame.bytes.length);
    this.#toHost(frame);
  }

  drained(): void {
    if (!this.#isFull || this.#options.queue.bytes > BUFFERED_BYTES / 2) return;
    this.#isFull = false;
    this.#relay?.clientWritable();
  }

  close(): void {
    this.#closed = true;
    this.#relay?.close();
    this.#credit.clear();
    this.#held.length = 0;
  }

  #ask(request: MessageOf<'request'>, payload: Uint8Array): void {
    this.#send(payload.length, (relay) => relay.request(request, payload));
  }

  #toHost(frame: DeviceTerminalFrame): void {
    const payload = encodeTerminalFrame(frame).subarray(FRAME_HEADER_BYTES);
    this.#send(payload.length, (relay) => relay.terminal(frameTypes[frame.type], payload));
  }

  #send(bytes: number, send: Held['send']): void {
    this.#relay ??= new HostRelay(this.#options.host, this.#relayClient());
    if (!this.#isHeld && this.#held.length === 0) return send(this.#relay);
    this.#heldBytes += bytes;
    this.#held.push({ bytes, send });
    if (this.#heldBytes > this.#options.limits.maxInputBytes)
      throw fail('webrtc.too_much_input', `${this.#heldBytes} bytes wait for the session host.`);
  }

  #hold(held: boolean): void {
    this.#isHeld = held;
    // Not now: the relay is in the midst of telling what became of its connection.
    if (!held && this.#held.length > 0) queueMicrotask(() => this.#release());
  }

  #release(): void {
    while (!this.#isHeld && !this.#closed) {
      const next = this.#held.shift();
      if (next === undefined || this.#relay === undefined) return;
      this.#heldBytes -= next.bytes;
      next.send(this.#relay);
    }
  }

  #refuseInput(attach: number, bytes_count: number): void {
    this.#options.counters.add('webrtc.viewer_input_dropped');
    if (this.#told.has(attach) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(attach);
    const reason = 'This device may only look on.';
    this.#options.notify('attach.input_refused', { attach, bytes_count, reason });
  }

  #answer(id: number, outcome: Parameters<RelayClient['answer']>[1]): void {
    if (isHubError(outcome)) this.#options.answer({ id, ok: false, error: wireError(outcome) });
    else this.#options.answer({ id, ok: true, value: outcome.value });
  }

  #relayClient(): RelayClient {
    const { queue, settle, notify } = this.#options;
    return {
      forward: (frame, subject) => {
        if (subject.kind === 'event') return this.#forward(frame);
        const { attach } = subject;
        if (subject.kind === 'output') {
          const { bytes } = subject;
          return this.#toFlow(attach, frame, () => this.#credit.sent(attach, bytes));
        }
        if (subject.ended) this.#credit.close(attach);
        this.#toFlow(attach, frame);
      },
      forwardAnswer: (id, frame, ok) => {
        const attach = this.#settled(id, ok);
        if (!settle(id)) return;
        if (attach === undefined) this.#forward(frame);
        else this.#toFlow(attach, frame);
      },
      answer: (id, outcome) => {
        this.#settled(id, !isHubError(outcome));
        this.#answer(id, outcome);
      },
      notify: (name, data) => {
        if (name === 'host.lost') this.#credit.clear();
        notify(name, data);
      },
      get queuedBytes() {
        return queue.bytes;
      },
      holdBack: (held) => this.#hold(held),
    };
  }

  /** The attach that request was for. */
  #settled(id: number, ok: boolean): number | undefined {
    const attach = this.#attaching.get(id);
    this.#attaching.delete(id);
    if (attach !== undefined && !ok) this.#credit.close(attach);
    return attach;
  }

  /** What has no place in a stream. */
  #forward(frame: Uint8Array): void {
    if (frame.length > MAX_MESSAGE_BYTES) return this.#toFlow(NO_ATTACH, frame);
    this.#options.queue.pushControl(frame);
    this.#queued();
  }

  #toFlow(flow: number, frame: Uint8Array, onTaken?: () => void): void {
    this.#options.queue.pushBytes(flow, frame, onTaken);
    this.#queued();
  }

  #queued(): void {
    const { queue, onQueued } = this.#options;
    if (queue.bytes > BUFFERED_BYTES) this.#isFull = true;
    onQueued();
  }
}

function isTable(params: unknown): params is Record<string, LuaValue> {
  return typeof params === 'object' && params !== null && !Array.isArray(params);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
