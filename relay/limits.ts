/**
 * What one connection, one remote address, and all of them may cost a relay.
 *
 * A connection of WebRTC takes an offer or an answer of 2 to 10 KB and some 20 candidates of 300 bytes on each side, so
 * what people do is far below these; a reload, or a relay that comes back, makes many connections at once.
 */
import type { Rate } from '../base/token-bucket.js';
import { MAX_ENVELOPE_TEXT } from '../protocol/signals.js';

export interface RelayLimits {
  /** Open sockets, whatever they speak. One more is closed at once. */
  readonly maxSockets: number;
  /** Of one address, where addresses are known before a request is read (no proxy in front). */
  readonly maxSocketsPerAddress: number;
  /** Cable connections. One more is answered with 503. */
  readonly maxConnections: number;
  /** One more is answered with 429. */
  readonly maxConnectionsPerAddress: number;
  /** New cable connections of one address. Beyond: 429. */
  readonly connectRate: Rate;
  /** Addresses that are remembered; they are forgotten once their allowances are full again. */
  readonly maxAddresses: number;
  /** One more is rejected. */
  readonly maxSubscriptionsPerConnection: number;
  readonly maxSubscriptionsPerAddress: number;
  /** That hear the same (those of one hub, or of one peer of it): what one message can become. See switchboard.ts for one more. */
  readonly maxListeners: number;
  /** Of those, from one address, so that one address cannot take all places. */
  readonly maxListenersPerAddress: number;
  /** Largest message of a client. A longer one is not read, and ends the connection. */
  readonly maxMessageBytes: number;
  /** Beyond these the connection ends with `rate_limit`. Every message counts, and every ping of a WebSocket. */
  readonly messageRate: Rate;
  readonly messageRatePerAddress: Rate;
  readonly byteRate: Rate;
  readonly byteRatePerAddress: Rate;
  /** Bytes that wait for a client which does not read. What does not fit is dropped. */
  readonly maxBufferedBytes: number;
  /** Of all clients together. Beyond: those that do not read go at once. */
  readonly maxBufferedTotalBytes: number;
  /** How long the buffer may stay so full that something is dropped, before the client is. */
  readonly maxStalledMs: number;
  /** How often clients are told that the connection lives. The protocol's clients give up after two missed ones. */
  readonly beatMs: number;
  /** A client that gives no sign of life for so long, pings of WebSockets included, is gone. */
  readonly silentMs: number;
  /** How long a client that was told to go may take to do so. */
  readonly lingerMs: number;
}

const KIB = 1024;
/** What stands around an envelope: the command, the identifier, quotes that are escaped. */
const FRAMING_BYTES = 2 * KIB;

export const relayLimits: RelayLimits = {
  maxSockets: 12_000,
  maxSocketsPerAddress: 256,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 128,
  connectRate: { perSecond: 10, burst: 128 },
  maxAddresses: 50_000,
  maxSubscriptionsPerConnection: 64,
  maxSubscriptionsPerAddress: 1_024,
  maxListeners: 12,
  maxListenersPerAddress: 4,
  maxMessageBytes: MAX_ENVELOPE_TEXT + FRAMING_BYTES,
  messageRate: { perSecond: 50, burst: 400 },
  messageRatePerAddress: { perSecond: 200, burst: 2_000 },
  byteRate: { perSecond: 128 * KIB, burst: 1024 * KIB },
  byteRatePerAddress: { perSecond: 512 * KIB, burst: 4096 * KIB },
  maxBufferedBytes: 512 * KIB,
  maxBufferedTotalBytes: 256 * 1024 * KIB,
  maxStalledMs: 5_000,
  beatMs: 3_000,
  silentMs: 60_000,
  lingerMs: 1_000,
};
