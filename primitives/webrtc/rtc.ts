/**
 * What the worker needs of a WebRTC stack: one side of one connection, and its data channels. werift.ts is the stack;
 * tests have one without a network.
 */
import type { IceSettings } from '../ice-settings.js';

export interface RtcCandidate {
  readonly candidate: string;
  readonly sdp_mid?: string;
  readonly sdp_m_line_index?: number;
}

/** `failed` and `closed` are final. `disconnected` may pass. */
export type RtcState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

export type PathKind = 'host' | 'prflx' | 'srflx' | 'relay';

/** How the bytes travel, from the pair of candidates in use: the most roundabout of both sides. */
export interface RtcPath {
  readonly kind: PathKind;
  /** Of the last check of the path. */
  readonly rtt_ms?: number;
}

export interface RtcChannel {
  readonly label: string;
  /** Reliable and in order. */
  readonly reliable: boolean;
  readonly isOpen: boolean;
  /** Bytes given to `send` that the other side has not acknowledged. */
  readonly bufferedBytes: number;
  /** Bytes that may be a view of the caller's: do not change them. Throws on a channel that is closed. */
  send(bytes: Uint8Array): void;
  /** Called once, before anything can happen. */
  listen(listeners: {
    readonly onOpen: () => void;
    /** undefined: not bytes, but text. */
    readonly onMessage: (bytes: Uint8Array | undefined) => void;
    /** `bufferedBytes` fell to half of what may be sent ahead. */
    readonly onLow: () => void;
    readonly onClosed: () => void;
  }): void;
}

export interface RtcListeners {
  /** undefined: there are no more. */
  readonly onCandidate: (candidate: RtcCandidate | undefined) => void;
  readonly onState: (state: RtcState) => void;
  /** The other side made a channel. */
  readonly onChannel: (channel: RtcChannel) => void;
}

export interface RtcPeer {
  /** Takes an offer and calls back with the answer, before candidates are told. Rejects with what the stack throws. */
  accept(sdp: string, onAnswer: (sdp: string) => void): Promise<void>;
  /** undefined: there are no more. */
  addCandidate(candidate: RtcCandidate | undefined): Promise<void>;
  /** undefined until connected. */
  path(): RtcPath | undefined;
  close(): Promise<void>;
}

export type OpenRtc = (ice: IceSettings, listeners: RtcListeners) => RtcPeer;
