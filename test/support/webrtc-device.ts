/**
 * A device for tests: werift's other side, which makes the offer and the two channels, and speaks the protocol. Checks
 * what it gets: a hole in a stream is a fault.
 */
import { type RTCDataChannel, RTCPeerConnection } from 'werift';
import { fail, type HubError } from '../../base/errors.js';
import { type Frame, FrameReader, frameTypes } from '../../protocol/frames.js';
import {
  decodeMessage,
  encodeMessage,
  errorFromWire,
  type Message,
  type MessageOf,
} from '../../protocol/messages.js';
import { BYTES_CHANNEL, CONTROL_CHANNEL } from '../../protocol/peers.js';
import {
  decodeTerminalFrame,
  encodeTerminalFrame,
  type TerminalFrame,
} from '../../protocol/terminal-frames.js';
import { PROTOCOL_VERSION } from '../../protocol/version.js';

export interface SignaledCandidate {
  readonly candidate?: string | undefined;
  readonly sdp_mid?: string | undefined;
  readonly sdp_m_line_index?: number | undefined;
}

/** Carries signals to the hub. */
export interface DeviceSignaling {
  offer(sdp: string): void;
  candidate(candidate: SignaledCandidate): void;
}

export interface DeviceOptions {
  /** Default: it says hello as soon as it can. */
  readonly greets?: boolean;
  readonly channels?: readonly { readonly label: string; readonly ordered?: boolean }[];
}

const heard = ['hello', 'response', 'event', 'error', 'dc_pong', 'dc_ping', 'app'] as const;
type Heard = MessageOf<(typeof heard)[number]>;

export class WebrtcDevice {
  readonly rtc = new RTCPeerConnection({ iceServers: [] });
  readonly channels = new Map<string, RTCDataChannel>();
  readonly events: MessageOf<'event'>[] = [];
  readonly apps: MessageOf<'app'>[] = [];
  readonly pongs: MessageOf<'dc_pong'>[] = [];
  readonly attaches = new Map<number, DeviceAttach>();
  hello: MessageOf<'hello'> | undefined;
  error: HubError | undefined;
  /** It has said hello: nothing else may come before. */
  hasGreeted = false;
  isClosed = false;
  /** Largest message that came on any channel. */
  largestMessage = 0;
  receivedBytes = 0;
  answersPings = true;
  readonly #signaling: DeviceSignaling;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }
  >();
  #lastId = 0;
  #early: SignaledCandidate[] | undefined = [];

  constructor(signaling: DeviceSignaling, options: DeviceOptions = {}) {
    this.#signaling = signaling;
    const { greets = true, channels = [{ label: CONTROL_CHANNEL }, { label: BYTES_CHANNEL }] } = options;
    for (const { label, ordered = true } of channels) {
      const channel = this.rtc.createDataChannel(label, { ordered });
      const reader = new FrameReader();
      this.channels.set(label, channel);
      channel.onMessage.subscribe((data) => {
        if (typeof data === 'string') throw new Error('the hub sent text');
        this.largestMessage = Math.max(this.largestMessage, data.length);
        this.receivedBytes += data.length;
        reader.push(data, (frame) => this.#receive(frame));
      });
      channel.stateChanged.subscribe((state) => {
        if (state === 'open' && label === CONTROL_CHANNEL && greets) this.greet();
        if (state === 'closed') this.#closed();
      });
    }
    this.rtc.connectionStateChange.subscribe((state) => {
      if (state === 'closed' || state === 'failed') this.#closed();
    });
    this.rtc.onIceCandidate.subscribe((found) => {
      const { candidate, sdpMid, sdpMLineIndex } = found ?? {};
      this.#signaling.candidate({
        ...(candidate === undefined ? {} : { candidate }),
        ...(sdpMid === undefined ? {} : { sdp_mid: sdpMid }),
        ...(sdpMLineIndex === undefined ? {} : { sdp_m_line_index: sdpMLineIndex }),
      });
    });
  }

  async connect(): Promise<void> {
    const offer = await this.rtc.createOffer();
    this.#signaling.offer(offer.sdp);
    await this.rtc.setLocalDescription(offer);
  }

  async answered(sdp: string): Promise<void> {
    await this.rtc.setRemoteDescription({ type: 'answer', sdp });
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const candidate of early) await this.found(candidate);
  }

  async found(candidate: SignaledCandidate): Promise<void> {
    if (this.#early !== undefined) {
      this.#early.push(candidate);
      return;
    }
    if (candidate.candidate === undefined) return;
    await this.rtc.addIceCandidate({
      candidate: candidate.candidate,
      sdpMid: candidate.sdp_mid ?? null,
      sdpMLineIndex: candidate.sdp_m_line_index ?? null,
    });
  }

  greet(more: Partial<MessageOf<'hello'>> = {}): void {
    this.hasGreeted = true;
    this.say({
      type: 'hello',
      protocol_version: PROTOCOL_VERSION,
      client: 'test',
      version: '1.2.3',
      ...more,
    });
  }

  say(message: Message): void {
    this.raw(encodeMessage(message));
  }

  raw(bytes: Uint8Array, label: string = CONTROL_CHANNEL): void {
    this.channels.get(label)!.send(Buffer.from(bytes));
  }

  terminal(frame: TerminalFrame): void {
    this.raw(encodeTerminalFrame(frame));
  }

  request<V = unknown>(method: string, params: unknown = {}): Promise<V> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.say({ type: 'request', id, method, params: params as never });
    });
  }

  /** Attaches; with `reads` it gives credit back for what it gets. */
  async attach(
    id: string,
    attach: number,
    {
      reads = true,
      credit = 256 * 1024,
      ...more
    }: Record<string, unknown> & { reads?: boolean; credit?: number } = {},
  ): Promise<DeviceAttach> {
    const made = new DeviceAttach(this, attach, reads);
    this.attaches.set(attach, made);
    await this.request('session.attach', { id, attach, credit, ...more });
    return made;
  }

  /** The code of the error that the request ends with. */
  async codeOf(request: Promise<unknown>): Promise<string> {
    try {
      await request;
    } catch (thrown) {
      return (thrown as HubError).code;
    }
    return 'ok';
  }

  async close(): Promise<void> {
    await this.rtc.close();
    this.#closed();
  }

  #receive({ type, payload }: Frame): void {
    if (type === frameTypes.message) return this.#message(decodeMessage(payload, heard));
    const frame = decodeTerminalFrame(type, payload);
    this.attaches.get(frame.attach)?.receive(frame);
  }

  #message(message: Heard): void {
    switch (message.type) {
      case 'hello':
        this.hello = message;
        return;
      case 'event':
        this.events.push(message);
        return;
      case 'app':
        this.apps.push(message);
        return;
      case 'dc_pong':
        this.pongs.push(message);
        return;
      case 'dc_ping':
        if (this.answersPings) this.say({ type: 'dc_pong', id: message.id, loop_age_ms: 0, queued_bytes: 0 });
        return;
      case 'error':
        this.error = errorFromWire(message);
        return;
      case 'response': {
        const waiting = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        if (message.ok) waiting?.resolve(message.value as never);
        else waiting?.reject(errorFromWire(message.error!));
      }
    }
  }

  #closed(): void {
    this.isClosed = true;
    for (const { reject } of this.#waiting.values()) reject(fail('test.closed', 'the connection is closed'));
    this.#waiting.clear();
  }
}

export class DeviceAttach {
  readonly #device: WebrtcDevice;
  readonly #id: number;
  reads: boolean;
  text = '';
  received = 0;
  snapshots = 0;
  fault: string | undefined;
  #offset: number | undefined;

  constructor(device: WebrtcDevice, id: number, reads: boolean) {
    this.#device = device;
    this.#id = id;
    this.reads = reads;
  }

  receive(frame: TerminalFrame): void {
    if (frame.type !== 'output' && frame.type !== 'snapshot') return;
    if (frame.type === 'snapshot') this.snapshots++;
    else if (this.#offset !== undefined && frame.offset !== this.#offset)
      this.fault ??= `expected offset ${this.#offset}, got ${frame.offset}`;
    this.#offset = frame.offset + (frame.type === 'output' ? frame.bytes.length : 0);
    this.received += frame.bytes.length;
    // What tests look for is at the end.
    this.text = (this.text + Buffer.from(frame.bytes).toString('latin1')).slice(-8_192);
    if (this.reads)
      this.#device.terminal({ type: 'credit', attach: this.#id, bytes_count: frame.bytes.length });
  }

  type(text: string): void {
    this.#device.terminal({ type: 'input', attach: this.#id, bytes: Buffer.from(text) });
  }
}
