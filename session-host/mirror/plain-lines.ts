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

/** What was found in one piece; it is looked through once, however often it is part of a search. */
export interface Scan {
  /** Bytes before the first one that is not plain. */
  readonly plainBytes: number;
  /** Ends of lines (CR LF) in them; one whose halves are in two pieces is not counted. */
  readonly lines: number;
}

const CR = 0x0d;
const LF = 0x0a;
/** 1 for bytes that plain text may have. C2 begins C1 controls in UTF-8; DEL and other controls have effects. */
const plain = new Uint8Array(256).map((_, byte) =>
  byte === LF || byte === CR || byte === 0x09 || (byte >= 0x20 && byte !== 0x7f && byte !== 0xc2) ? 1 : 0,
);

const WORD_BYTES = 4;

/** The high bit of a byte of the result is set if that byte of `word` is 0; above the first such byte it may err. */
function zeroBytes(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}

/** Whether one of four bytes is a control, DEL or C2: then they are looked at one by one. */
function needsLook(word: number): boolean {
  const below0x20 = (word - 0x20202020) & ~word & 0x80808080;
  return (below0x20 | zeroBytes(word ^ 0x7f7f7f7f) | zeroBytes(word ^ 0xc2c2c2c2)) !== 0;
}

/** The bytes that lie on words of their buffer. */
function wordsOf({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  const first = Math.ceil(byteOffset / WORD_BYTES);
  const behind = Math.floor((byteOffset + length) / WORD_BYTES);
  return behind > first ? new Uint32Array(buffer, first * WORD_BYTES, behind - first) : new Uint32Array();
}

export function scanPlain(bytes: Uint8Array): Scan {
  const words = wordsOf(bytes);
  const firstWord = words.length === 0 ? bytes.length : words.byteOffset - bytes.byteOffset;
  const behindWords = firstWord + words.byteLength;
  let lines = 0;
  for (let at = 0; at < bytes.length; ) {
    if (at >= firstWord && at < behindWords) {
      let word = (at - firstWord) / WORD_BYTES;
      while (word < words.length && !needsLook(words[word] as number)) word++;
      at = firstWord + word * WORD_BYTES;
    }
    // Up to the next word.
    for (
      const end = Math.min(bytes.length, at + WORD_BYTES - ((at - firstWord) & (WORD_BYTES - 1)));
      at < end;
      at++
    ) {
      const byte = bytes[at] as number;
      if (plain[byte] === 0) return { plainBytes: at, lines };
      if (byte === LF && at > 0 && bytes[at - 1] === CR) lines++;
    }
  }
  return { plainBytes: bytes.length, lines };
}

export interface ScannedPiece {
  readonly bytes: Uint8Array;
  readonly scan: Scan;
}

/**
 * Looks at the plain bytes at the beginning of `pieces`. Of their lines the last `keepLines` are never skipped, nor the
 * rest of the first, which is where the cursor is.
 */
export function findPlainRun(pieces: readonly ScannedPiece[], keepLines: number): PlainRun {
  let end = 0;
  let lines = 0;
  for (const { bytes, scan } of pieces) {
    end += scan.plainBytes;
    lines += scan.lines;
    if (scan.plainBytes < bytes.length) break;
  }
  if (lines <= keepLines) return { end, skip: undefined };
  const from = endOfLine(pieces, 1);
  const to = endOfLine(pieces, lines - keepLines);
  return { end, skip: to > from ? { from, to } : undefined };
}

/** Position behind the end of the `nth` counted line. */
function endOfLine(pieces: readonly ScannedPiece[], nth: number): number {
  let before = 0;
  let left = nth;
  for (const { bytes, scan } of pieces) {
    if (scan.lines >= left) {
      let at = 0;
      for (; left > 0; left--) at = endOfNext(bytes, at);
      return before + at;
    }
    left -= scan.lines;
    before += bytes.length;
  }
  throw new Error(`there is no line ${nth}`);
}

function endOfNext(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(LF, start); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at > 0 && bytes[at - 1] === CR) return at + 1;
  }
  throw new Error('there is no further line');
}
