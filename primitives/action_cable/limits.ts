/** Every bound of `action_cable`, in one place. */

/** Of one plugin. A hub has one for its signals; a plugin may talk to a few applications of its own. */
export const MAX_CONNECTIONS_PER_ENGINE = 8;
/** Of one connection. More channels of one server are one channel with a parameter in its messages. */
export const MAX_CHANNELS_PER_CONNECTION = 64;

/** Largest message either way, as JSON text. An envelope of signals has 64 KiB. */
export const MAX_MESSAGE_BYTES = 256 * 1024;
/** How deep JSON from a server may be nested: it is read by code that recurses. */
export const MAX_DEPTH = 64;

/** What is performed before a channel is confirmed waits, of one connection; beyond that the oldest is dropped. */
export const MAX_QUEUED = 256;
export const MAX_QUEUED_BYTES = 1024 * 1024;
/** What a server may leave unread before more is dropped. */
export const MAX_UNSENT_BYTES = 1024 * 1024;

/** A handshake or a welcome that takes longer does not come; a new attempt gets through a network that is back sooner. */
export const HANDSHAKE_MS = 5_000;
/** Servers ping every 3 s: two are missing, and the line had a second of jitter. */
export const STALE_MS = 7_000;
/** How long a closed socket may take to say goodbye. */
export const GOODBYE_MS = 1_000;

/** Calls that one plugin has not started yet, of one connection, before that is not read any more. */
export const HOLD_AT_PENDING = 256;
export const RELEASE_AT_PENDING = 64;
/** How often a connection that is not read is looked at again. */
export const HOLD_CHECK_MS = 20;

/** Of a server's words in facts and logs. */
export const MAX_REASON_CHARS = 120;
