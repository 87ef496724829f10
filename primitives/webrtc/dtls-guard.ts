/**
 * Datagrams that DTLS must not see: records that nobody has signed. Anybody who finds the port can send them, and the
 * stack believes them: a plain "I close" ended a connection (docs/decisions/werift.md).
 *
 * A plain alert is never believed: a handshake that fails ends by the time it may take. Once the device has said
 * something, the handshake is over on both sides, and nothing plain is expected any more.
 */

const HEADER_BYTES = 13;
const ALERT = 21;

/** `isSettled`: the device has said something. */
export function isUnsigned(datagram: Uint8Array, isSettled: boolean): boolean {
  let at = 0;
  while (at + HEADER_BYTES <= datagram.length) {
    const type = datagram[at] ?? 0;
    // STUN and media are no business of DTLS.
    if (type < 20 || type > 63) return false;
    const isPlain = datagram[at + 3] === 0 && datagram[at + 4] === 0;
    if (isPlain && (isSettled || type === ALERT)) return true;
    at += HEADER_BYTES + (((datagram[at + 11] ?? 0) << 8) | (datagram[at + 12] ?? 0));
  }
  return false;
}
