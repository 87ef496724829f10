/**
 * werift as an RtcPeer: the only file that knows it (docs/decisions/werift.md).
 *
 * It answers offers only. No server is asked that the settings do not name: werift's own default is a public one.
 */
import { networkInterfaces } from 'node:os';
import { type RTCDataChannel, RTCPeerConnection } from 'werift';
import { fail } from '../../base/errors.js';
import { type IceSettings, isTurn } from '../ice-settings.js';
import { isUnsigned } from './dtls-guard.js';
import type { OpenRtc, PathKind, RtcCandidate, RtcChannel, RtcListeners, RtcPath, RtcPeer } from './rtc.js';

/** Half of what the send queue lets a channel hold. */
const LOW_BYTES = 4 * 1024;

const MAX_CHANNELS = 2;

/** Of two candidates, which says more of the path. */
const roundabout: readonly PathKind[] = ['relay', 'srflx', 'prflx'];

export const openWerift: OpenRtc = (ice, listeners) => new WeriftPeer(ice, listeners);

class WeriftPeer implements RtcPeer {
  readonly #connection: RTCPeerConnection;
  readonly #listeners: RtcListeners;
  readonly #channels: RTCDataChannel[] = [];
  readonly #hasNoWay: boolean;
  /** The device has said something. */
  #isSettled = false;

  constructor({ servers, relay_only }: IceSettings, listeners: RtcListeners) {
    this.#listeners = listeners;
    this.#hasNoWay = relay_only && !servers.some(isTurn);
    this.#connection = new RTCPeerConnection({
      iceServers: servers.flatMap(({ urls, username, credential }) =>
        urls.map((url) => ({
          urls: url,
          ...(username === undefined ? {} : { username }),
          ...(credential === undefined ? {} : { credential }),
        })),
      ),
      iceTransportPolicy: relay_only ? 'relay' : 'all',
      iceFilterStunResponse: (request) => this.#isOfDevice(request.getAttributeValue('USERNAME')),
      // Without a network the browser is on this machine.
      ...(hasNetwork() ? {} : { iceAdditionalHostAddresses: ['127.0.0.1'] }),
    });
    const connection = this.#connection;
    connection.connectionStateChange.subscribe((state) => listeners.onState(state));
    connection.onDataChannel.subscribe((channel) => {
      // A device may make thousands before it is told that they are too many.
      if (this.#channels.length < MAX_CHANNELS) this.#channels.push(channel);
      channel.onMessage.once(() => {
        this.#isSettled = true;
      });
      listeners.onChannel(new WeriftChannel(channel));
    });
  }

  async accept(sdp: string, onAnswer: (sdp: string) => void): Promise<void> {
    const connection = this.#connection;
    await connection.setRemoteDescription({ type: 'offer', sdp });
    this.#guard();
    const answer = await connection.createAnswer();
    // Candidates are found by what comes next, which may take seconds. The answer does not wait for them.
    connection.onIceCandidate.subscribe((found) => this.#listeners.onCandidate(toCandidate(found)));
    onAnswer(answer.sdp);
    // The device is answered, so that it knows that it was heard. The stack would now show it this machine's addresses.
    if (this.#hasNoWay) throw fail('webrtc.no_relay', 'only a TURN server may be used, and none can be');
    await connection.setLocalDescription(answer);
  }

  async addCandidate(candidate: RtcCandidate | undefined): Promise<void> {
    await this.#connection.addIceCandidate(
      candidate === undefined
        ? null
        : {
            candidate: candidate.candidate,
            sdpMid: candidate.sdp_mid ?? null,
            sdpMLineIndex: candidate.sdp_m_line_index ?? null,
          },
    );
  }

  /** Against what anybody who finds the port may send. No socket is open yet. */
  #guard(): void {
    const ice = this.#connection.iceTransports[0]?.connection;
    if (ice === undefined) return;
    // Who offers leads, and that is the device. The stack would let any datagram turn that round.
    (ice as unknown as { switchRole: () => void }).switchRole = () => undefined;
    const { onData } = ice;
    const execute = onData.execute;
    onData.execute = (data) => {
      if (!isUnsigned(data, this.#isSettled)) execute.call(onData, data);
    };
  }

  /**
   * Whether a check comes from who read the answer: both sides' names are in it. The stack would answer anybody, and keep
   * every address that it was asked from.
   */
  #isOfDevice(username: unknown): boolean {
    const ice = this.#connection.iceTransports[0]?.connection;
    return ice !== undefined && username === `${ice.localUsername}:${ice.remoteUsername}`;
  }

  path(): RtcPath | undefined {
    const transport = this.#connection.iceTransports[0];
    const pair = transport?.getSelectedCandidatePair();
    if (transport === undefined || pair === null || pair === undefined) return undefined;
    const types = [typeOf(pair.local.candidate), typeOf(pair.remote.candidate)];
    const rtt = transport.connection.nominated?.rtt;
    return {
      kind: roundabout.find((kind) => types.includes(kind)) ?? 'host',
      ...(rtt === undefined ? {} : { rtt_ms: rtt * 1_000 }),
    };
  }

  async close(): Promise<void> {
    // In this order the other side hears of it: werift's own would shut the line before saying so.
    for (const channel of this.#channels) channel.close();
    await this.#connection.sctpTransport?.stop();
    await this.#connection.close();
  }
}

class WeriftChannel implements RtcChannel {
  readonly #channel: RTCDataChannel;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
    channel.bufferedAmountLowThreshold = LOW_BYTES;
  }

  get label(): string {
    return this.#channel.label;
  }

  get reliable(): boolean {
    const { ordered, maxRetransmits, maxPacketLifeTime } = this.#channel;
    return ordered && maxRetransmits === null && maxPacketLifeTime === null;
  }

  get isOpen(): boolean {
    return this.#channel.readyState === 'open';
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    this.#channel.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  listen({ onOpen, onMessage, onLow, onClosed }: Parameters<RtcChannel['listen']>[0]): void {
    this.#channel.stateChanged.subscribe((state) => {
      if (state === 'open') onOpen();
      if (state === 'closed') onClosed();
    });
    this.#channel.onMessage.subscribe((data) => onMessage(typeof data === 'string' ? undefined : data));
    this.#channel.bufferedAmountLow.subscribe(() => onLow());
  }
}

function toCandidate(
  found: { candidate: string; sdpMid?: string; sdpMLineIndex?: number } | undefined,
): RtcCandidate | undefined {
  if (found === undefined || found.candidate === '') return undefined;
  const { candidate, sdpMid, sdpMLineIndex } = found;
  return {
    candidate,
    ...(sdpMid === undefined ? {} : { sdp_mid: sdpMid }),
    ...(sdpMLineIndex === undefined ? {} : { sdp_m_line_index: sdpMLineIndex }),
  };
}

function typeOf(candidate: string): string {
  return / typ (\w+)/.exec(candidate)?.[1] ?? 'host';
}

function hasNetwork(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal));
}
