/**
 * What one device, and all of them, may cost the hub.
 */
import { MAX_DEVICE_FRAME_BYTES } from '../../protocol/peers.js';

export interface PeerLimits {
  /** Connections at a time, those that are being set up included. */
  readonly maxPeers: number;
  readonly maxPeersPerDevice: number;
  /** Offers of all devices: so many at once, and so many in a second after that. */
  readonly offers: { readonly burst: number; readonly perSecond: number };
  /** Candidates of one connection. Browsers have about ten. */
  readonly maxCandidates: number;
  readonly maxCandidateBytes: number;
  readonly maxSdpBytes: number;
  /** From the offer to the hello. */
  readonly setUpMs: number;
  /** Open requests of one device; one more is answered with webrtc.too_many_requests. */
  readonly maxInFlight: number;
  readonly maxFrameBytes: number;
  /** What a device may send: so much at once, and so much in a second after that. */
  readonly frames: { readonly burst: number; readonly perSecond: number };
  readonly bytes: { readonly burst: number; readonly perSecond: number };
  /** What a device typed and the session host has not taken. */
  readonly maxInputBytes: number;
  /** The hub's own messages that wait for a device that does not read. Output does not count: its bound is credit. */
  readonly maxQueuedBytes: number;
  /** How long the reason for closing may take to be sent. */
  readonly lingerMs: number;
}

export const peerLimits: PeerLimits = {
  maxPeers: 32,
  maxPeersPerDevice: 8,
  offers: { burst: 16, perSecond: 4 },
  maxCandidates: 64,
  maxCandidateBytes: 2_048,
  maxSdpBytes: 32 * 1024,
  setUpMs: 20_000,
  maxInFlight: 32,
  maxFrameBytes: MAX_DEVICE_FRAME_BYTES,
  // A client that gives credit for each small frame of a flood sends thousands.
  frames: { burst: 20_000, perSecond: 5_000 },
  bytes: { burst: 16 * 1024 * 1024, perSecond: 4 * 1024 * 1024 },
  maxInputBytes: 4 * 1024 * 1024,
  maxQueuedBytes: 4 * 1024 * 1024,
  lingerMs: 500,
};
