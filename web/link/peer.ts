/**
 * One RTCPeerConnection: makes the offer and both data channels, trickles candidates, hands over messages.
 *
 * It is never repaired: whoever sees it broken closes it and opens another. After `close` or `closed` nothing is heard.
 */
import { messageOf } from '../../base/errors.js';
import { BYTES_CHANNEL, CONTROL_CHANNEL } from '../../protocol/peers.js';
import type { HubGreeting, Signal } from '../../protocol/signals.js';
import type { Channel, PeerLink, PeerListener, PeerStats } from './transport.js';

/** `drained` is told below it. */
const LOW_BYTES = 16 * 1024;
const paths = ['host', 'srflx', 'prflx', 'relay'] as const;

export function openPeer(ice: HubGreeting['ice'], listener: PeerListener): PeerLink {
  return new BrowserPeer(ice, listener);
}

class BrowserPeer implements PeerLink {
  readonly #connection: RTCPeerConnection;
  readonly #listener: PeerListener;
  readonly #control: RTCDataChannel;
  readonly #bytes: RTCDataChannel;
  /** Candidates that came before the answer. */
  #early: RTCIceCandidateInit[] | undefined = [];
  #over = false;
  #trouble: string | undefined;

  constructor(ice: HubGreeting['ice'], listener: PeerListener) {
    this.#listener = listener;
    this.#connection = new RTCPeerConnection({
      iceServers: ice.servers.map(serverOf),
      iceTransportPolicy: ice.relay_only ? 'relay' : 'all',
    });
    this.#control = this.#channel(CONTROL_CHANNEL, 'control');
    this.#bytes = this.#channel(BYTES_CHANNEL, 'bytes');
    this.#control.bufferedAmountLowThreshold = LOW_BYTES;
    this.#control.onbufferedamountlow = () => this.#listener.drained();
    this.#watch();
    void this.#offer();
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  get bufferedBytes(): number {
    return this.#control.bufferedAmount;
  }

  accept(signal: Signal): void {
    if (this.#over) return;
    if (signal.type === 'answer') void this.#answered(signal.sdp);
    else if (signal.type === 'candidate') this.#candidate(signal);
  }

  send(message: Uint8Array): void {
    if (this.#over || this.#control.readyState !== 'open') return;
    try {
      this.#control.send(message as Uint8Array<ArrayBuffer>);
    } catch (thrown) {
      this.#end(`sending failed: ${messageOf(thrown)}`);
    }
  }

  async stats(): Promise<PeerStats> {
    const report = await this.#connection.getStats();
    const entries = [...(report.values() as Iterable<RTCStats>)];
    const transport = entries.find(({ type }) => type === 'transport') as RTCTransportStats | undefined;
    const pair = report.get(transport?.selectedCandidatePairId ?? '') as RTCIceCandidatePairStats | undefined;
    const local = report.get(pair?.localCandidateId ?? '') as { candidateType?: string } | undefined;
    return {
      path: paths.find((path) => path === local?.candidateType),
      sent_bytes: transport?.bytesSent ?? 0,
      received_bytes: transport?.bytesReceived ?? 0,
    };
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection.onicecandidate = null;
    this.#connection.onicecandidateerror = null;
    this.#connection.onconnectionstatechange = null;
    for (const channel of [this.#control, this.#bytes]) {
      channel.onopen = null;
      channel.onclose = null;
      channel.onmessage = null;
      channel.onerror = null;
    }
    this.#connection.close();
  }

  #channel(label: string, name: Channel): RTCDataChannel {
    const channel = this.#connection.createDataChannel(label, { ordered: true });
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => {
      if (this.#control.readyState === 'open' && this.#bytes.readyState === 'open') this.#listener.opened();
    };
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      // Text is nothing that a hub sends.
      if (data instanceof ArrayBuffer) this.#listener.received(name, new Uint8Array(data));
    };
    channel.onclose = () => this.#end(`the hub closed the channel ${label}`);
    channel.onerror = () => this.#end(`the channel ${label} failed`);
    return channel;
  }

  #watch(): void {
    const connection = this.#connection;
    connection.onicecandidate = ({ candidate }) => {
      if (candidate === null) return this.#listener.signal({ type: 'candidate' });
      // Empty text marks the end of one generation; the null that follows says it.
      if (candidate.candidate === '') return;
      this.#listener.signal({
        type: 'candidate',
        candidate: candidate.candidate,
        ...(candidate.sdpMid === null ? {} : { sdp_mid: candidate.sdpMid }),
        ...(candidate.sdpMLineIndex === null ? {} : { sdp_m_line_index: candidate.sdpMLineIndex }),
      });
    };
    connection.onicecandidateerror = ({ url, errorCode, errorText }) => {
      // What cannot be reached from one of several networks says little; a refusal says all.
      if (this.#trouble === undefined || errorCode < 700)
        this.#trouble = `${url} says ${errorCode} ${errorText}`;
    };
    connection.onconnectionstatechange = () => {
      const { connectionState } = connection;
      if (connectionState === 'disconnected') this.#listener.doubtful();
      if (connectionState === 'failed') this.#end('no way through the network was found');
      if (connectionState === 'closed') this.#end('the connection was closed');
    };
  }

  async #offer(): Promise<void> {
    try {
      await this.#connection.setLocalDescription();
      const sdp = this.#connection.localDescription?.sdp;
      if (sdp !== undefined && !this.#over) this.#listener.signal({ type: 'offer', sdp });
    } catch (thrown) {
      this.#end(`no offer could be made: ${messageOf(thrown)}`);
    }
  }

  async #answered(sdp: string): Promise<void> {
    try {
      await this.#connection.setRemoteDescription({ type: 'answer', sdp });
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const candidate of early) this.#add(candidate);
    } catch (thrown) {
      this.#end(`the hub's answer was not understood: ${messageOf(thrown)}`);
    }
  }

  #candidate({ candidate, sdp_mid, sdp_m_line_index }: Extract<Signal, { type: 'candidate' }>): void {
    // The end of them is known anyway when the checks are through.
    if (candidate === undefined) return;
    const init: RTCIceCandidateInit = {
      candidate,
      sdpMid: sdp_mid ?? null,
      sdpMLineIndex: sdp_m_line_index ?? (sdp_mid === undefined ? 0 : null),
    };
    if (this.#early !== undefined) this.#early.push(init);
    else this.#add(init);
  }

  /** One that is of no use (a form this browser does not know) takes no other one with it. */
  #add(candidate: RTCIceCandidateInit): void {
    if (!this.#over) this.#connection.addIceCandidate(candidate).catch(() => undefined);
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.close();
    this.#listener.closed(reason);
  }
}

function serverOf({ urls, username, credential }: HubGreeting['ice']['servers'][number]): RTCIceServer {
  return {
    urls: [...urls],
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  };
}
