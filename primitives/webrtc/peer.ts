/**
 * One connection with a device, from its offer to its end: set-up, the two channels, and sending on them.
 *
 * The stack sends all channels of a connection through one line without priorities, and is slow when much waits in it.
 * So little is put there (AHEAD_BYTES, control a little more), control first, and the rest waits in our queue.
 * However it ends, `onClosed` is called once and the stack's side is closed.
 */
import type { Clock } from '../../base/clock.js';
import { fail, type HubError, isHubError, messageOf } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import { BYTES_CHANNEL, CONTROL_CHANNEL } from '../../protocol/peers.js';
import type { IceSettings } from '../ice-settings.js';
import { DeviceConnection, type DeviceConnectionOptions } from './device-connection.js';
import type { PeerLimits } from './limits.js';
import { PongClock } from './pong-clock.js';
import type { PumpSource } from './pump.js';
import type { OpenRtc, RtcCandidate, RtcChannel, RtcPath, RtcPeer, RtcState } from './rtc.js';
import { SendQueue } from './send-queue.js';

/** What may be ahead in the stack, unacknowledged: output; and with control. */
export const AHEAD_BYTES = 8 * 1024;
export const CONTROL_AHEAD_BYTES = 32 * 1024;
/** A path that is silent so long does not come back; the device makes another one long before. */
const SILENT_MS = 30_000;
const LOOK_MS = 10;
/** Less between two looks is no traffic to measure. */
const IDLE_BYTES = 1024;

export interface PeerOptions
  extends Omit<DeviceConnectionOptions, 'queue' | 'onQueued' | 'onFailed' | 'onPong' | 'onHello'> {
  readonly openRtc: OpenRtc;
  readonly ice: IceSettings;
  readonly limits: PeerLimits;
  readonly clock: Clock;
  readonly onAnswer: (sdp: string) => void;
  readonly onCandidate: (candidate: RtcCandidate | undefined) => void;
  readonly onConnected: () => void;
  /** Output waits. */
  readonly onWaiting: () => void;
  /** So many bytes were sent that nobody asked the cap for. */
  readonly onControlSent: (bytes: number) => void;
  readonly onClosed: (reason: string, wasConnected: boolean) => void;
}

export interface PeerStatistics {
  readonly connected_ms: number | undefined;
  readonly path: RtcPath | undefined;
  readonly rtt_ms: number | undefined;
  readonly sent_bytes: number;
  readonly received_bytes: number;
  readonly queued_bytes: number;
}

export class Peer implements PumpSource {
  readonly #options: PeerOptions;
  readonly #rtc: RtcPeer;
  readonly #queue = new SendQueue();
  readonly #pongs: PongClock;
  #control: RtcChannel | undefined;
  #bytes: RtcChannel | undefined;
  #connection: DeviceConnection | undefined;
  #connectedMs: number | undefined;
  #candidates = 0;
  /** Resolves when its sockets are closed. */
  readonly gone: Promise<void>;
  #resolveGone: () => void = () => undefined;
  #sentBytes = 0;
  #receivedBytes = 0;
  /** Of what was sent: as of the last look. */
  #lookedBytes = 0;
  #timer: Disposable;
  #isClosed = false;

  constructor(options: PeerOptions) {
    this.gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    const { openRtc, ice, clock, limits } = options;
    this.#options = options;
    this.#pongs = new PongClock(clock);
    this.#rtc = openRtc(ice, {
      onCandidate: (candidate) => {
        if (!this.#isClosed) options.onCandidate(candidate);
      },
      onState: (state) => this.#stateChanged(state),
      onChannel: (channel) => this.#addChannel(channel),
    });
    this.#timer = clock.after(limits.setUpMs, () =>
      this.close(fail('webrtc.timeout', `No connection came about within ${limits.setUpMs / 1000} s.`)),
    );
  }

  /** Takes the offer. What is wrong with it closes this peer. */
  async accept(sdp: string): Promise<void> {
    try {
      await this.#rtc.accept(sdp, (answer) => {
        if (!this.#isClosed) this.#options.onAnswer(answer);
      });
    } catch (thrown) {
      const error = isHubError(thrown) ? thrown : fail('webrtc.bad_sdp', messageOf(thrown));
      this.close(fail(error.code, `The offer cannot be used: ${error.message}.`));
    }
  }

  async addCandidate(candidate: RtcCandidate | undefined): Promise<void> {
    const { limits, counters } = this.#options;
    if (this.#isClosed) return;
    if (++this.#candidates > limits.maxCandidates) return counters.add('webrtc.candidates_refused');
    // One that is malformed does not spoil the others.
    await this.#rtc.addCandidate(candidate).catch(() => counters.add('webrtc.candidates_refused'));
  }

  /** Undefined until the device has greeted, and once this is closed. */
  get connection(): DeviceConnection | undefined {
    return this.#connectedMs === undefined || this.#isClosed ? undefined : this.#connection;
  }

  get pongDelayMs(): number | undefined {
    return this.#pongs.delayMs;
  }

  get statistics(): PeerStatistics {
    const path = this.#rtc.path();
    return {
      connected_ms:
        this.#connectedMs === undefined ? undefined : this.#options.clock.nowMs() - this.#connectedMs,
      path,
      rtt_ms: this.#pongs.rttMs ?? path?.rtt_ms,
      sent_bytes: this.#sentBytes,
      received_bytes: this.#receivedBytes,
      queued_bytes: this.#queue.bytes + this.#buffered,
    };
  }

  /** From time to time: pings the device, and sends control that had no room. */
  look(): void {
    if (this.connection === undefined) return;
    const id = this.#pongs.due(this.#sentBytes - this.#lookedBytes > IDLE_BYTES);
    this.#lookedBytes = this.#sentBytes;
    if (id !== undefined) this.connection.ping(id);
    this.#sendControl();
  }

  get waiting(): boolean {
    return this.#queue.hasBytes && !this.#isClosed;
  }

  sendOne(maxBytes: number): number {
    const channel = this.#bytes;
    const buffered = this.#buffered;
    if (this.#isClosed || channel?.isOpen !== true) return 0;
    if (buffered > 0 && buffered + maxBytes > AHEAD_BYTES) return 0;
    const message = this.#queue.takeBytes(maxBytes);
    if (message === undefined || !this.#send(channel, message)) return 0;
    this.#connection?.drained();
    return message.length;
  }

  /** Tells the device why, if there is a reason, and closes. */
  close(error?: HubError): void {
    // Comes back by onFailed if the device is told.
    if (error !== undefined && this.#connection !== undefined) this.#connection.close(error);
    this.#end(error === undefined ? 'closed' : `${error.code}: ${error.message}`);
  }

  #addChannel(channel: RtcChannel): void {
    if (this.#isClosed) return;
    const { label, reliable } = channel;
    const isControl = label === CONTROL_CHANNEL;
    const taken = isControl ? this.#control : this.#bytes;
    if ((!isControl && label !== BYTES_CHANNEL) || taken !== undefined || !reliable) {
      const want = `one reliable, ordered channel "${CONTROL_CHANNEL}" and one "${BYTES_CHANNEL}" expected`;
      return this.close(fail('webrtc.bad_channel', `A data channel is wrong: ${want}.`));
    }
    if (isControl) this.#control = channel;
    else this.#bytes = channel;
    const opened = (): void => {
      if (isControl) this.#greet();
      this.#sendControl();
      this.#options.onWaiting();
    };
    channel.listen({
      onOpen: opened,
      onMessage: (bytes) => this.#receive(channel, bytes),
      onLow: () => {
        this.#sendControl();
        if (this.waiting) this.#options.onWaiting();
      },
      onClosed: () => this.#end('the device closed a data channel'),
    });
    if (channel.isOpen) opened();
  }

  #greet(): void {
    if (this.#connection !== undefined || this.#isClosed) return;
    const { clock, onConnected } = this.#options;
    const queue = this.#queue;
    this.#connection = new DeviceConnection({
      ...this.#options,
      queue,
      onQueued: () => {
        this.#sendControl();
        if (queue.hasBytes) this.#options.onWaiting();
      },
      onHello: () => {
        this.#timer.dispose();
        this.#connectedMs = clock.nowMs();
        onConnected();
      },
      onPong: (id) => this.#pongs.answered(id),
      onFailed: (error) => this.#end(`${error.code}: ${error.message}`),
    });
  }

  #receive(channel: RtcChannel, bytes: Uint8Array | undefined): void {
    if (this.#isClosed) return;
    if (bytes === undefined || channel !== this.#control || this.#connection === undefined)
      return this.close(
        fail('webrtc.bad_channel', `Devices send bytes, and on the channel "${CONTROL_CHANNEL}" only.`),
      );
    this.#receivedBytes += bytes.length;
    this.#connection.receive(bytes);
  }

  #stateChanged(state: RtcState): void {
    if (this.#isClosed) return;
    if (state === 'failed') return this.#end('the path to the device failed');
    if (state === 'closed') return this.#end('the device closed the connection');
    if (this.#connectedMs === undefined) return;
    this.#timer.dispose();
    if (state === 'disconnected')
      this.#timer = this.#options.clock.after(SILENT_MS, () => this.#end('the device is silent'));
  }

  get #buffered(): number {
    return (this.#control?.bufferedBytes ?? 0) + (this.#bytes?.bufferedBytes ?? 0);
  }

  #sendControl(): void {
    const channel = this.#control;
    while (channel?.isOpen === true && this.#buffered < CONTROL_AHEAD_BYTES) {
      const message = this.#queue.takeControl();
      if (message === undefined || !this.#send(channel, message)) return;
      this.#options.onControlSent(message.length);
    }
  }

  #send(channel: RtcChannel, message: Uint8Array): boolean {
    try {
      channel.send(message);
    } catch (thrown) {
      this.#end(`sending failed: ${messageOf(thrown)}`);
      return false;
    }
    this.#sentBytes += message.length;
    return true;
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    // The reason for the device, if there is one.
    this.#sendControl();
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer.dispose();
    this.#connection?.close();
    this.#queue.clear();
    this.#options.onClosed(reason, this.#connectedMs !== undefined);
    this.#hangUp(this.#options.clock.nowMs() + this.#options.limits.lingerMs);
  }

  /** Once what was said last is with the device, or it takes too long. */
  #hangUp(latestMs: number): void {
    const { clock, counters } = this.#options;
    const isSaid = (this.#control?.bufferedBytes ?? 0) === 0 || this.#control?.isOpen !== true;
    if (!isSaid && clock.nowMs() < latestMs) {
      clock.after(LOOK_MS, () => this.#hangUp(latestMs));
      return;
    }
    this.#rtc
      .close()
      .catch(() => counters.add('webrtc.close_failed'))
      .finally(this.#resolveGone);
  }
}
