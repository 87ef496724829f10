/**
 * What one client, and all of them, may cost the hub.
 */
import { DEFAULT_MAX_FRAME_BYTES } from '../../protocol/frames.js';

export interface ControlLimits {
  /** Connections at a time, those that have not said hello included. */
  readonly maxClients: number;
  /** Open requests of one client; one more is answered with control.too_many_requests. */
  readonly maxInFlight: number;
  /** Bytes that wait for a client that does not read; with more waiting, the next message closes it. */
  readonly maxQueuedBytes: number;
  readonly maxFrameBytes: number;
  /** How long a connection may take to say hello. */
  readonly helloMs: number;
  /** How long a closed client may take to read what is left for it. */
  readonly lingerMs: number;
}

export const controlLimits: ControlLimits = {
  maxClients: 64,
  maxInFlight: 32,
  maxQueuedBytes: 4 * 1024 * 1024,
  maxFrameBytes: DEFAULT_MAX_FRAME_BYTES,
  helloMs: 5_000,
  lingerMs: 500,
};
