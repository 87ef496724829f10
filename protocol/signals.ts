/**
 * What a hub and a device say to each other through a relay, before they are connected: handshakes, and in sealed
 * envelopes the signals of WebRTC. The relay sees addresses, sizes and times, and cannot read or forge the rest.
 *
 * A relay passes on what comes on the channel `SignalChannel` of Action Cable: { data } from a device is heard by all
 * that subscribed as that hub, as { peer, data }; { peer, data } from a hub by that peer of it, as { data }.
 * Cryptography is pairing/'s; this file declares shapes and bounds.
 */
import { type Infer, t } from '../base/schema.js';

export const SIGNAL_CHANNEL = 'SignalChannel';
/** The action that both sides perform, and its only one. */
export const SIGNAL_ACTION = 'signal';

/** Largest envelope, in bytes; as base64url a third more. An SDP has about 2 KB. */
export const MAX_ENVELOPE_BYTES = 48 * 1024;
export const MAX_ENVELOPE_TEXT = Math.ceil((MAX_ENVELOPE_BYTES * 4) / 3);

/** Where a hub is found at a relay: 16 bytes of the BLAKE2b hash of its public key, as base64url without padding. */
export const HUB_ADDRESS_LENGTH = 22;
/** A device's name for one of its connections at the relay: 16 random bytes, as base64url without padding. */
export const PEER_TOKEN_LENGTH = 22;
export const addressPattern = /^[A-Za-z0-9_-]{22}$/;

/** What one subscribes with, next to `channel`. `peer` with the role `device` only. */
export const signalSubscription = t.object({
  hub: t.text({ maxBytes: HUB_ADDRESS_LENGTH }),
  role: t.oneOf('hub', 'device'),
  peer: t.opt(t.text({ maxBytes: PEER_TOKEN_LENGTH })),
});
export type SignalSubscription = Infer<typeof signalSubscription>;

/** Of the action `signal`, and what is heard. `peer` towards and from hubs only. */
export const signalMessage = t.object({
  peer: t.opt(t.text({ maxBytes: PEER_TOKEN_LENGTH })),
  data: t.text({ maxBytes: MAX_ENVELOPE_TEXT }),
});
export type SignalMessage = Infer<typeof signalMessage>;

/** What a device says of itself when it asks for a connection; `name` when it pairs. */
export const deviceGreeting = t.object({
  /** The device's clock. A hub takes no greeting that is not later than the last one of that device. */
  sent_ms: t.int({ min: 0 }),
  name: t.opt(t.text({ maxBytes: 100 })),
});
export type DeviceGreeting = Infer<typeof deviceGreeting>;

export const iceServer = t.object({
  urls: t.list(t.text({ maxBytes: 512 })),
  username: t.opt(t.text({ maxBytes: 512 })),
  credential: t.opt(t.text({ maxBytes: 512 })),
});

/** What a hub answers a device that it knows, or has just paired with. */
export const hubGreeting = t.object({
  hub: t.object({ hub_id: t.str, name: t.str, version: t.str }),
  device: t.object({ id: t.str, name: t.str, view_only: t.bool }),
  ice: t.object({ servers: t.list(iceServer), relay_only: t.bool }),
});
export type HubGreeting = Infer<typeof hubGreeting>;

/** What travels sealed once the handshake is done. */
export const signals = {
  /** From the device. The DTLS fingerprint in it is what binds the data channel to the device. */
  offer: { sdp: t.text({ maxBytes: 32 * 1024 }) },
  answer: { sdp: t.text({ maxBytes: 32 * 1024 }) },
  /** Both ways. Without `candidate`: there are no more. */
  candidate: {
    candidate: t.opt(t.text({ maxBytes: 2048 })),
    sdp_mid: t.opt(t.text({ maxBytes: 64 })),
    sdp_m_line_index: t.opt(t.int({ min: 0, max: 64 })),
  },
  /** From the hub: this connection's keys are thrown away, the device shall greet again. */
  rekey: {},
} as const;

export type SignalType = keyof typeof signals;
export type Signal = {
  [K in SignalType]: { readonly type: K } & Infer<ReturnType<typeof t.object<(typeof signals)[K]>>>;
}[SignalType];
