/**
 * Bytes as base64url without padding, in the one way to write each. Decoding takes text that others sent: the length is
 * checked before anything is allocated.
 */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const values = new Map([...alphabet].map((letter, value) => [letter.charCodeAt(0), value]));

export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const three = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let letter = 0; letter < Math.min(4, left + 1); letter++)
      text += alphabet.charAt((three >> (18 - 6 * letter)) & 63);
  }
  return text;
}

/** Undefined for what toBase64url would not have written, and for more than `maxBytes`. */
export function fromBase64url(text: string, maxBytes: number): Uint8Array | undefined {
  const length = Math.floor((text.length * 3) / 4);
  if (length > maxBytes || text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(length);
  let [bits, count, at] = [0, 0, 0];
  for (let index = 0; index < text.length; index++) {
    const value = values.get(text.charCodeAt(index));
    if (value === undefined) return undefined;
    bits = ((bits << 6) | value) & 0x3fff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[at++] = (bits >> count) & 0xff;
  }
  // Bits that stand for nothing are zero, or two texts would mean the same.
  return (bits & ((1 << count) - 1)) === 0 ? bytes : undefined;
}
