/**
 * What people see of a screen, line by line: characters and their attributes, as far as every terminal has them.
 */
import { cellPen, cellText, cellWidth, defaultPen } from '../../../session-host/mirror/paint.js';
import type { Screen } from '../../../session-host/mirror/screen.js';
import { color, underlineStyle } from '../../../session-host/mirror/sgr.js';
import { type Line, PALETTE_16, PALETTE_256 } from '../../../session-host/mirror/xterm-internals.js';

const INVERSE = 0x4000000;
const BOLD = 0x8000000;
const DIM = 0x8000000;
const ITALIC = 0x4000000;

/** One text per line: runs of characters, each with its attributes in front. tmux does not tell blanks at the end. */
export function looksOf(screen: Screen): string[] {
  const { active } = screen.state.core._bufferService.buffers;
  const lines: string[] = [];
  for (let row = 0; row < screen.rows; row++) {
    const line = active.lines.get(active.ybase + row);
    lines.push(line === undefined ? '' : lookOf(line, screen.cols));
  }
  return lines;
}

function lookOf(line: Line, cols: number): string {
  let look = '';
  let last = '';
  for (let column = 0; column < cols; column++) {
    if (cellWidth(line, column) === 0) continue;
    const attributes = attributesOf(line, column);
    if (attributes !== last) look += `{${attributes}}`;
    last = attributes;
    look += cellText(line, column) || ' ';
  }
  return look.replace(/(?:\{[^}]*\}| )+$/, '');
}

function attributesOf(line: Line, column: number): string {
  const { fg, bg, ext, link } = cellPen(line, column, defaultPen());
  const blank = ['', ' '].includes(cellText(line, column));
  const inverse = (fg & INVERSE) !== 0;
  const underline = underlineStyle({ fg, bg, ext, link });
  const parts = [
    // Nobody sees the colour of a blank's text.
    blank && !inverse && underline === 0 ? '' : colorName('f', fg),
    colorName('b', bg),
    blank || (fg & BOLD) === 0 ? '' : 'bold',
    blank || (bg & DIM) === 0 ? '' : 'dim',
    blank || (bg & ITALIC) === 0 ? '' : 'italic',
    inverse ? 'inverse' : '',
    underline === 0 ? '' : 'underline',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function colorName(kind: string, value: number): string {
  const canonical = color(value);
  if (canonical === 0) return '';
  // The sixteen colours have two names.
  const mode = canonical & 0x3000000;
  if (mode === PALETTE_16 || (mode === PALETTE_256 && (canonical & 0xff) < 16))
    return `${kind}${canonical & 0xff}`;
  return `${kind}${canonical.toString(16)}`;
}
