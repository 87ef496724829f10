/**
 * Finds lines that a screen need not see: in a flood of plain text, those that would only scroll through and out of it.
 *
 * Plain are whole lines of text without any control but CR, LF and TAB: they change cells and nothing else, so when more
 * lines follow than the screen and its scrollback hold, they leave no trace. A program that prints faster than the
 * emulator parses is then slowed down by the kernel's terminal and not by its mirror.
 */

/** Positions in the pieces' bytes, both behind the end of a line. What is between them may be left out. */
export interface Skip {
  readonly from: number;
  readonly to: number;
}

export interface PlainRun {
  /** Where the first byte is that is not plain; the number of bytes if all are. */
  readonly end: number;
  readonly skip: Skip | undefined;
}

const CR = 0x0d;
const LF = 0x0a;
/** 1 for bytes that plain text may have. C2 begins C1 controls in UTF-8; DEL and other controls have effects. */
const plain = new Uint8Array(256).map((_, byte) =>
  byte === LF || byte === CR || byte === 0x09 || (byte >= 0x20 && byte !== 0x7f && byte !== 0xc2) ? 1 : 0,
);

/**
 * Looks at the plain bytes at the beginning of `pieces`. Of their lines the last `keepLines` are never skipped, nor the
 * rest of the first, which is where the cursor is.
 */
export function findPlainRun(pieces: readonly Uint8Array[], keepLines: number): PlainRun {
  // The ends of the last lines, as a ring: [count % length] is the oldest of them.
  const ends = new Float64Array(keepLines + 1);
  let count = 0;
  let first = 0;
  let before = 0;
  let last = 0;
  scan: for (const bytes of pieces) {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (plain[byte] === 0) {
        before += at;
        break scan;
      }
      if (byte === LF && last === CR) {
        const end = before + at + 1;
        if (count === 0) first = end;
        ends[count % ends.length] = end;
        count++;
      }
      last = byte;
    }
    before += bytes.length;
  }
  const to = count > keepLines ? (ends[count % ends.length] as number) : 0;
  return { end: before, skip: to > first ? { from: first, to } : undefined };
}
