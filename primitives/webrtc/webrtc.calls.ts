/** What the hub asks of the worker that has the connections. Both sides import the types only. */
import type { HostConfig } from '../../protocol/host-config.js';
import type { Hello, MessageOf, Response } from '../../protocol/messages.js';
import type { EventsOf } from '../define.js';
import type { IceSettings } from '../ice-settings.js';
import type { PathKind, RtcCandidate } from './rtc.js';
import type { webrtcDef } from './webrtc.def.js';

/** What the worker tells. */
export type WebrtcEvent = EventsOf<typeof webrtcDef>;

/** `workerData` of the worker. */
export interface WebrtcWorkerData {
  /** How the hub greets devices. */
  readonly hello: Omit<Hello, 'type'>;
  /** The session host that devices are connected to. */
  readonly host: HostConfig;
}

/** `peer` is a number that the hub gives to each offer, and never again. */
export interface Offer {
  readonly peer: number;
  /** Of the pairing's session: an offer of the same one replaces the connection before it. */
  readonly identity: string;
  readonly device_id: string;
  readonly name: string;
  readonly view_only: boolean;
  readonly sdp: string;
  readonly ice: IceSettings;
}

export interface PeerSummary {
  readonly peer: number;
  readonly identity: string;
  readonly device_id: string;
  readonly name: string;
  readonly view_only: boolean;
  readonly connected_s: number | undefined;
  readonly path: PathKind | undefined;
  readonly rtt_ms: number | undefined;
  readonly sent_bytes: number;
  readonly received_bytes: number;
  readonly queued_bytes: number;
}

/** Calls about a peer that is gone do nothing. */
export interface WebrtcCalls {
  /** Failures: webrtc.sdp_too_large, webrtc.bad_sdp, webrtc.too_many_offers, webrtc.too_many_peers. The answer is an event. */
  offer(a: Offer): void;
  /** Without `candidate`: there are no more. */
  candidate(a: { readonly peer: number; readonly candidate: RtcCandidate | undefined }): void;
  /** Answers a request. */
  respond(a: { readonly peer: number; readonly answer: Omit<Response, 'type'> }): void;
  /** Tells a device a fact. */
  notify_peer(a: {
    readonly peer: number;
    readonly name: string;
    readonly data: MessageOf<'event'>['data'];
  }): void;
  /** Sends something of the hub's Lua. Resolves when it is on its way. Failures: protocol.frame_too_large, webrtc.no_peer. */
  app(a: { readonly peer: number; readonly data: MessageOf<'app'>['data'] }): void;
  close_peer(a: { readonly peer: number; readonly code: string; readonly message: string }): void;
  /** Closes a device's connections: all, or those that have not this role. */
  close_device(a: {
    readonly device_id: string;
    readonly unless_view_only: boolean | undefined;
    readonly code: string;
    readonly message: string;
  }): void;
  peers(): PeerSummary[];
}
