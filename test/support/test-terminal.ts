/** A terminal that tests read. */
import { stripVTControlCharacters } from 'node:util';
import { styled } from '../../hub/ansi.js';
import type { Terminal } from '../../hub/cli/terminal.js';

export interface TestTerminal extends Terminal {
  readonly written: { out: string; err: string };
}

export function testTerminal({ color = false, columns = 80, rows = 50, input = '' } = {}): TestTerminal {
  const written = { out: '', err: '' };
  return {
    written,
    out: (text) => {
      written.out += text;
    },
    writeBytes: (bytes) => {
      written.out += Buffer.from(bytes).toString();
      return Promise.resolve();
    },
    err: (text) => {
      written.err += text;
    },
    paint: (style, text) => (color ? styled(style, text) : text),
    isTty: { in: color, out: color, err: color },
    color: { out: color, err: color },
    columns,
    rows,
    readLine: () => Promise.resolve(input.split('\n', 1)[0] ?? ''),
    readInput: () => Promise.resolve(Buffer.from(input)),
    flushed: () => Promise.resolve(),
  };
}

/** The longest line as a terminal shows it. */
export function widest(text: string): string {
  const lines = stripVTControlCharacters(text).split('\n');
  return lines.reduce((longest, line) => (line.length > longest.length ? line : longest), '');
}
