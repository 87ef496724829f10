/**
 * Terminal output as plain text, piece by piece: without escape sequences and controls, one `\n` per line end.
 *
 * Where the cursor moved without printing, nothing shows: this is the text that was printed, not the screen.
 */

/** An escape sequence that is longer is text. */
const MAX_SEQUENCE_CHARS = 16 * 1024;

const sequence = new RegExp(
  [
    // CSI, OSC, the other strings, and ESC with a letter.
    '\\u001b\\[[0-?]*[ -/]*[@-~]',
    '\\u001b\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)',
    '\\u001b[PX^_][^\\u001b]*\\u001b\\\\',
    '\\u001b[ -/]*[0-OQ-WYZ\\\\`-~]',
    // What was broken off.
    '\\u001b',
  ].join('|'),
  'g',
);
/** One that may go on in the next piece. */
const cutSequence =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  /\u001b(?:\[[0-?]*[ -/]*|\][^\u0007\u001b]*\u001b?|[PX^_][^\u001b]*\u001b?|[ -/]*)$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

export class PlainText {
  readonly #decoder = new TextDecoder();
  /** The beginning of a sequence. */
  #held = '';
  /** A CR, when LF may follow. */
  #lineEnd = '';

  push(bytes: Uint8Array): string {
    const text = this.#held + this.#decoder.decode(bytes, { stream: true });
    this.#held = cutSequence.exec(text.slice(-MAX_SEQUENCE_CHARS))?.[0] ?? '';
    const whole = text.slice(0, text.length - this.#held.length);
    // Several CR mean what one means.
    const printed = (this.#lineEnd + whole.replace(sequence, '').replace(controls, '')).replace(/\r+/g, '\r');
    this.#lineEnd = printed.endsWith('\r') ? '\r' : '';
    return printed.slice(0, printed.length - this.#lineEnd.length).replace(/\r\n?/g, '\n');
  }
}
