/** What clients, one by one and together, may cost the session host. */

export interface HostLimits {
  /** Connections at a time, those that have not said hello included. */
  readonly maxConnections: number;
  /** Open requests of one connection; one more is answered with host.too_many_requests. */
  readonly maxInFlight: number;
  readonly maxAttachments: number;
  readonly maxAttachmentsPerConnection: number;
  /** Largest frame a client may send. */
  readonly maxFrameBytes: number;
  /** With more waiting in a connection's socket it gets no output and no snapshots until that has drained. */
  readonly maxQueuedOutputBytes: number;
  /** With more waiting, the next answer or event closes the connection. */
  readonly maxQueuedBytes: number;
  /** How long a connection may take to say hello. */
  readonly helloMs: number;
  /** How long a closed connection may take to read what is left for it. */
  readonly lingerMs: number;
}

export const hostLimits: HostLimits = {
  maxConnections: 256,
  maxInFlight: 64,
  maxAttachments: 1_024,
  maxAttachmentsPerConnection: 64,
  maxFrameBytes: 1024 * 1024,
  maxQueuedOutputBytes: 256 * 1024,
  maxQueuedBytes: 4 * 1024 * 1024,
  helloMs: 5_000,
  lingerMs: 500,
};
