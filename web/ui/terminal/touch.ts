/**
 * Fingers on a terminal: one drags the screen (first the part that is seen, then the output before it, with momentum), two
 * zoom, one that rests selects. A tap is the browser's, and xterm's.
 */
import type { Screen } from './xterm.js';

/** Less is a tap. */
const SLOP_PX = 8;
const LONG_PRESS_MS = 450;
/** Of the speed, what is left after each millisecond. */
const FRICTION = 0.9975;
const STOP_PX_PER_MS = 0.02;
/** Older moves do not say how fast the finger was when it left. */
const SPEED_WINDOW_MS = 80;

interface Point {
  readonly x: number;
  readonly y: number;
}

type Gesture =
  | { readonly kind: 'none' }
  | { readonly kind: 'pressed'; readonly from: Point; readonly timer: ReturnType<typeof setTimeout> }
  | { readonly kind: 'drag'; last: Point; readonly trail: { readonly at_ms: number; readonly y: number }[] }
  | { readonly kind: 'pinch'; readonly distance: number; readonly fontPx: number }
  | {
      readonly kind: 'select';
      readonly from: { readonly row: number; readonly first: number; readonly last: number };
    };

export interface TouchOptions {
  readonly pan: HTMLElement;
  readonly screen: Screen;
  /** Two fingers ask for this font. */
  readonly onZoom: (font_px: number) => void;
  /** At the top of what the page has, and pulled further. */
  readonly onOlder: () => void;
}

export function followTouches({ pan, screen, onZoom, onOlder }: TouchOptions): () => void {
  let gesture: Gesture = { kind: 'none' };
  let glide = 0;
  /** Of a line that was not scrolled yet. */
  let rest_px = 0;

  const pointOf = ({ clientX, clientY }: Touch): Point => ({ x: clientX, y: clientY });
  const distance = (touches: TouchList): number => {
    const [a, b] = [touches[0], touches[1]];
    return a === undefined || b === undefined ? 1 : Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  };

  const cellAt = ({ x, y }: Point): { readonly row: number; readonly col: number } | undefined => {
    const box = pan.querySelector('.xterm-screen')?.getBoundingClientRect();
    const { cell } = screen;
    if (box === undefined || cell === undefined) return undefined;
    const within = (value: number, count: number): number =>
      Math.max(0, Math.min(count - 1, Math.floor(value)));
    const row = within((y - box.top) / cell.height, screen.rows) + screen.top;
    return { row, col: within((x - box.left) / cell.width, screen.cols) };
  };

  /** Content follows the finger: down is towards older output. */
  const scrollBy = (dy: number, at: Point): void => {
    const before = pan.scrollTop;
    pan.scrollTop -= dy;
    const left = dy + (pan.scrollTop - before);
    const height = screen.cell?.height ?? 0;
    if (height === 0 || left === 0) return;
    rest_px += left;
    const lines = Math.trunc(rest_px / height);
    if (lines === 0) return;
    rest_px -= lines * height;
    if (screen.programScrolls) return wheel(-lines, at);
    if (lines > 0 && screen.top === 0) onOlder();
    screen.scrollLines(-lines);
  };

  /** To the program, as xterm says it. */
  const wheel = (lines: number, { x, y }: Point): void => {
    const target = pan.querySelector('.xterm-screen');
    for (let count = 0; count < Math.abs(lines); count++)
      target?.dispatchEvent(
        new WheelEvent('wheel', {
          deltaY: Math.sign(lines),
          deltaMode: WheelEvent.DOM_DELTA_LINE,
          clientX: x,
          clientY: y,
          bubbles: true,
          cancelable: true,
        }),
      );
  };

  const startGlide = (trail: readonly { readonly at_ms: number; readonly y: number }[], at: Point): void => {
    const recent = trail.filter(({ at_ms }) => performance.now() - at_ms < SPEED_WINDOW_MS);
    const [first, last] = [recent[0], recent.at(-1)];
    if (first === undefined || last === undefined || last.at_ms === first.at_ms) return;
    let speed = (last.y - first.y) / (last.at_ms - first.at_ms);
    let before_ms = performance.now();
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const step = (now_ms: number): void => {
      const passed_ms = Math.max(0, now_ms - before_ms);
      before_ms = now_ms;
      scrollBy(speed * passed_ms, at);
      speed *= FRICTION ** passed_ms;
      glide = Math.abs(speed) < STOP_PX_PER_MS ? 0 : requestAnimationFrame(step);
    };
    glide = requestAnimationFrame(step);
  };

  const leave = (): void => {
    if (gesture.kind === 'pressed') clearTimeout(gesture.timer);
    gesture = { kind: 'none' };
  };

  const longPress = (from: Point): void => {
    const cell = cellAt(from);
    if (cell === undefined) return;
    const word = screen.wordAt(cell.row, cell.col);
    screen.select({ row: cell.row, col: word.from }, { row: cell.row, col: word.to });
    gesture = { kind: 'select', from: { row: cell.row, first: word.from, last: word.to } };
    navigator.vibrate?.(10);
  };

  const start = (event: TouchEvent): void => {
    cancelAnimationFrame(glide);
    if (event.touches.length === 2) {
      leave();
      event.preventDefault();
      gesture = { kind: 'pinch', distance: distance(event.touches), fontPx: screen.fontPx };
      return;
    }
    const [touch] = event.touches;
    leave();
    if (touch === undefined || event.touches.length > 2) return;
    const from = pointOf(touch);
    rest_px = 0;
    gesture = { kind: 'pressed', from, timer: setTimeout(() => longPress(from), LONG_PRESS_MS) };
  };

  const move = (event: TouchEvent): void => {
    const [touch] = event.touches;
    if (touch === undefined) return;
    const to = pointOf(touch);
    if (gesture.kind === 'pressed') {
      if (Math.hypot(to.x - gesture.from.x, to.y - gesture.from.y) < SLOP_PX) return;
      clearTimeout(gesture.timer);
      gesture = { kind: 'drag', last: to, trail: [] };
    }
    // Not the page's own scrolling, and no mouse events after it.
    event.preventDefault();
    if (gesture.kind === 'pinch') {
      onZoom((gesture.fontPx * distance(event.touches)) / gesture.distance);
    } else if (gesture.kind === 'select') {
      extend(gesture.from, to);
    } else if (gesture.kind === 'drag') {
      pan.scrollLeft -= to.x - gesture.last.x;
      scrollBy(to.y - gesture.last.y, to);
      gesture.last = to;
      gesture.trail.push({ at_ms: performance.now(), y: to.y });
    }
  };

  const extend = (
    { row, first, last }: { readonly row: number; readonly first: number; readonly last: number },
    to: Point,
  ): void => {
    const cell = cellAt(to);
    if (cell === undefined) return;
    const before = cell.row < row || (cell.row === row && cell.col < first);
    screen.select({ row, col: before ? last : first }, cell);
  };

  const end = (event: TouchEvent): void => {
    if (gesture.kind === 'drag') startGlide(gesture.trail, gesture.last);
    // What was selected stays so: the tap that would follow would take it away.
    if (gesture.kind !== 'pressed' && gesture.kind !== 'none' && event.cancelable) event.preventDefault();
    if (event.touches.length === 0) leave();
  };

  pan.addEventListener('touchstart', start, { passive: false });
  pan.addEventListener('touchmove', move, { passive: false });
  pan.addEventListener('touchend', end, { passive: false });
  pan.addEventListener('touchcancel', leave);
  return () => {
    leave();
    cancelAnimationFrame(glide);
    pan.removeEventListener('touchstart', start);
    pan.removeEventListener('touchmove', move);
    pan.removeEventListener('touchend', end);
    pan.removeEventListener('touchcancel', leave);
  };
}
