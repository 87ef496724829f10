/**
 * Lua patterns, matched so that they can be interrupted.
 *
 * Lua's own matcher is C: nothing can stop it, and a short pattern on a short string can run for hours
 * (`("a-"):rep(6) .. "b"`). This one does the same on byte views of the instance's memory and looks up every few
 * thousand steps. Same results and same errors as lstrlib's, which the tests compare it with. Runs no Lua.
 *
 * Source: Lua 5.4 manual 6.4.1, and the observed behaviour of the C library.
 */

/** A malformed pattern: the message is Lua's. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** A capture: a stretch of the subject, or a position. */
export type Capture = { readonly start: number; readonly end: number } | { readonly position: number };

export const MAX_CAPTURES = 32;
/** Nested matches, as in C. */
export const MAX_DEPTH = 200;
/** Steps between two looks at the time: some ten microseconds. */
const STEPS_PER_LOOK = 4_096;

const UNFINISHED = -1;
const POSITION = -2;
const NO_MATCH = -1;

const code = (character: string): number => character.charCodeAt(0);
const ESCAPE = code('%');

/** For each byte, the classes it is in: a bit each, in the order of CLASSES. */
const CLASSES = 'acdglpsuwx';
const CLASS_BITS = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = String.fromCharCode(byte);
  const tests = [
    /[A-Za-z]/,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what the class is
    /[\x00-\x1f\x7f]/,
    /[0-9]/,
    /[\x21-\x7e]/,
    /[a-z]/,
    /[!-/:-@[-`{-~]/,
    /[\t-\r ]/,
    /[A-Z]/,
    /[A-Za-z0-9]/,
    /[A-Fa-f0-9]/,
  ];
  return byte > 0x7f ? 0 : tests.reduce((bits, test, i) => bits | (test.test(text) ? 1 << i : 0), 0);
});

export class PatternMatcher {
  readonly #subject: Uint8Array;
  readonly #pattern: Uint8Array;
  readonly #checkDeadline: () => void;
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  #level = 0;
  #depth = 0;
  #steps = 0;

  /** Both views must stay as they are during a match: no Lua runs, so the memory does not move. */
  constructor(subject: Uint8Array, pattern: Uint8Array, checkDeadline: () => void) {
    this.#subject = subject;
    this.#pattern = pattern;
    this.#checkDeadline = checkDeadline;
  }

  /** The end of the match of the pattern from `at` on, beginning exactly at `start`; -1 if there is none. */
  matchAt(start: number, at = 0): number {
    this.#level = 0;
    this.#depth = 0;
    return this.#match(start, at);
  }

  /** The captures of the last match. Throws for one that was never closed. */
  captures(): Capture[] {
    const captures: Capture[] = [];
    for (let i = 0; i < this.#level; i++) {
      const [start, length] = [this.#starts[i] as number, this.#lengths[i] as number];
      if (length === UNFINISHED) throw new PatternError('unfinished capture');
      captures.push(length === POSITION ? { position: start + 1 } : { start, end: start + length });
    }
    return captures;
  }

  /** The first place of the bytes `needle` from `from` on, or -1. */
  static indexOf(subject: Uint8Array, needle: Uint8Array, from: number, checkDeadline: () => void): number {
    let steps = 0;
    for (let at = from; at + needle.length <= subject.length; at++) {
      let i = 0;
      while (i < needle.length && subject[at + i] === needle[i]) i++;
      if (i === needle.length) return at;
      steps += i + 1;
      if (steps < STEPS_PER_LOOK) continue;
      steps = 0;
      checkDeadline();
    }
    return -1;
  }

  #step(): void {
    if (++this.#steps < STEPS_PER_LOOK) return;
    this.#steps = 0;
    this.#checkDeadline();
  }

  #match(subjectAt: number, patternAt: number): number {
    if (++this.#depth > MAX_DEPTH) throw new PatternError('pattern too complex');
    const end = this.#matchRest(subjectAt, patternAt);
    this.#depth--;
    return end;
  }

  /** What C does with gotos: items without a choice go on in the loop. */
  #matchRest(subjectAt: number, patternAt: number): number {
    const [subject, pattern] = [this.#subject, this.#pattern];
    let s = subjectAt;
    let p = patternAt;
    while (p < pattern.length) {
      this.#step();
      const item = pattern[p];
      const next = pattern[p + 1];
      if (item === code('(')) {
        return next === code(')') ? this.#open(s, p + 2, POSITION) : this.#open(s, p + 1, UNFINISHED);
      }
      if (item === code(')')) return this.#close(s, p + 1);
      if (item === code('$') && p + 1 === pattern.length) return s === subject.length ? s : NO_MATCH;
      if (item === ESCAPE && next === code('b')) {
        s = this.#balanced(s, p + 2);
        if (s === NO_MATCH) return NO_MATCH;
        p += 4;
        continue;
      }
      if (item === ESCAPE && next === code('f')) {
        const end = this.#frontier(s, p + 2);
        if (end === NO_MATCH) return NO_MATCH;
        p = end;
        continue;
      }
      if (item === ESCAPE && next !== undefined && next >= code('0') && next <= code('9')) {
        s = this.#backReference(s, next - code('1'));
        if (s === NO_MATCH) return NO_MATCH;
        p += 2;
        continue;
      }
      const end = this.#itemEnd(p);
      const quantifier = pattern[end];
      if (quantifier === code('*')) return this.#longest(s, p, end);
      if (quantifier === code('-')) return this.#shortest(s, p, end);
      const matches = this.#matchesItem(s, p, end);
      if (quantifier === code('?')) {
        const found = matches ? this.#match(s + 1, end + 1) : NO_MATCH;
        if (found !== NO_MATCH) return found;
        p = end + 1;
        continue;
      }
      if (!matches) return NO_MATCH;
      if (quantifier === code('+')) return this.#longest(s + 1, p, end);
      s++;
      p = end;
    }
    return s;
  }

  #open(s: number, p: number, length: number): number {
    if (this.#level >= MAX_CAPTURES) throw new PatternError('too many captures');
    this.#starts[this.#level] = s;
    this.#lengths[this.#level] = length;
    this.#level++;
    const end = this.#match(s, p);
    if (end === NO_MATCH) this.#level--;
    return end;
  }

  #close(s: number, p: number): number {
    let open = this.#level - 1;
    while (open >= 0 && this.#lengths[open] !== UNFINISHED) open--;
    if (open < 0) throw new PatternError('invalid pattern capture');
    this.#lengths[open] = s - (this.#starts[open] as number);
    const end = this.#match(s, p);
    if (end === NO_MATCH) this.#lengths[open] = UNFINISHED;
    return end;
  }

  #balanced(start: number, p: number): number {
    const [subject, pattern] = [this.#subject, this.#pattern];
    if (p + 1 >= pattern.length) throw new PatternError("malformed pattern (missing arguments to '%b')");
    const [opening, closing] = [pattern[p], pattern[p + 1]];
    if (start >= subject.length || subject[start] !== opening) return NO_MATCH;
    let depth = 1;
    for (let s = start + 1; s < subject.length; s++) {
      this.#step();
      if (subject[s] === closing) {
        if (--depth === 0) return s + 1;
      } else if (subject[s] === opening) {
        depth++;
      }
    }
    return NO_MATCH;
  }

  /** Where the pattern goes on after a frontier that holds at `s`. */
  #frontier(s: number, p: number): number {
    if (this.#pattern[p] !== code('[')) throw new PatternError("missing '[' after '%f' in pattern");
    const end = this.#itemEnd(p);
    const before = s === 0 ? 0 : (this.#subject[s - 1] as number);
    const here = this.#subject[s] ?? 0;
    return !this.#inSet(before, p, end - 1) && this.#inSet(here, p, end - 1) ? end : NO_MATCH;
  }

  #backReference(s: number, index: number): number {
    const length = this.#lengths[index];
    if (index < 0 || index >= this.#level || length === undefined || length === UNFINISHED) {
      throw new PatternError(`invalid capture index %${index + 1}`);
    }
    if (length === POSITION || this.#subject.length - s < length) return NO_MATCH;
    const start = this.#starts[index] as number;
    for (let i = 0; i < length; i++) {
      this.#step();
      if (this.#subject[start + i] !== this.#subject[s + i]) return NO_MATCH;
    }
    return s + length;
  }

  /** As many as there are from `from` on, at least up to `from`; then fewer, until the rest matches. */
  #longest(from: number, p: number, end: number): number {
    let s = from;
    while (this.#matchesItem(s, p, end)) {
      s++;
      this.#step();
    }
    for (; s >= from; s--) {
      this.#step();
      const found = this.#match(s, end + 1);
      if (found !== NO_MATCH) return found;
    }
    return NO_MATCH;
  }

  #shortest(start: number, p: number, end: number): number {
    for (let s = start; ; s++) {
      this.#step();
      const found = this.#match(s, end + 1);
      if (found !== NO_MATCH) return found;
      if (!this.#matchesItem(s, p, end)) return NO_MATCH;
    }
  }

  /** The place after the single-character item at `p`. */
  #itemEnd(p: number): number {
    const pattern = this.#pattern;
    if (pattern[p] === ESCAPE) {
      if (p + 1 >= pattern.length) throw new PatternError("malformed pattern (ends with '%')");
      return p + 2;
    }
    if (pattern[p] !== code('[')) return p + 1;
    let at = pattern[p + 1] === code('^') ? p + 2 : p + 1;
    do {
      if (at >= pattern.length) throw new PatternError("malformed pattern (missing ']')");
      const escaped = pattern[at++] === ESCAPE;
      if (escaped && at < pattern.length) at++;
    } while (pattern[at] !== code(']'));
    return at + 1;
  }

  #matchesItem(s: number, p: number, end: number): boolean {
    const byte = this.#subject[s];
    if (byte === undefined) return false;
    const item = this.#pattern[p];
    if (item === code('.')) return true;
    if (item === ESCAPE) return inClass(byte, this.#pattern[p + 1] as number);
    return item === code('[') ? this.#inSet(byte, p, end - 1) : item === byte;
  }

  /** Whether `byte` is in the set from `[` at `open` to `]` at `close`. */
  #inSet(byte: number, open: number, close: number): boolean {
    const pattern = this.#pattern;
    const negated = pattern[open + 1] === code('^');
    for (let p = negated ? open + 2 : open + 1; p < close; p++) {
      const item = pattern[p] as number;
      if (item === ESCAPE) {
        p++;
        if (inClass(byte, pattern[p] as number)) return !negated;
      } else if (pattern[p + 1] === code('-') && p + 2 < close) {
        p += 2;
        if (item <= byte && byte <= (pattern[p] as number)) return !negated;
      } else if (item === byte) {
        return !negated;
      }
    }
    return negated;
  }
}

/** Whether `byte` is what `%letter` stands for; an upper-case letter is the complement, no letter itself. */
function inClass(byte: number, letter: number): boolean {
  const lower = letter | 0x20;
  const index = (CLASS_BITS[letter] as number) & 1 ? CLASSES.indexOf(String.fromCharCode(lower)) : -1;
  if (index < 0) return letter === byte;
  const isIn = ((CLASS_BITS[byte] as number) & (1 << index)) !== 0;
  return letter === lower ? isIn : !isIn;
}
