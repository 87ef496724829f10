/** How large a session's cells are drawn, and how many fit. Pure. */

export interface Extent {
  readonly width: number;
  readonly height: number;
}

export interface Grid {
  readonly rows: number;
  readonly cols: number;
}

/** Smaller cannot be read. */
export const MIN_FONT_PX = 7;
/** What cannot be seen as a whole is panned anyway, so it need not be tiny. */
const PANNED_FONT_PX = 10;
export const MAX_FONT_PX = 40;
const MIN_GRID: Grid = { rows: 4, cols: 20 };
const MAX_GRID: Grid = { rows: 500, cols: 600 };

/**
 * The largest font up to `wanted_px` at which a grid is as wide as there is space, and with `whole` as high; the readable one
 * where there is none. `perPx`: a cell at a font of 1 px.
 */
export function fontFor(space: Extent, grid: Grid, perPx: Extent, wanted_px: number, whole: boolean): number {
  const wide = space.width / (grid.cols * perPx.width);
  const high = whole ? space.height / (grid.rows * perPx.height) : Number.POSITIVE_INFINITY;
  const fits_px = Math.floor(Math.min(wanted_px, wide, high) * 4) / 4;
  return fits_px < MIN_FONT_PX ? Math.min(wanted_px, PANNED_FONT_PX) : bounded(fits_px);
}

export function bounded(font_px: number): number {
  return Math.min(MAX_FONT_PX, Math.max(MIN_FONT_PX, font_px));
}

/** How many cells of this size fit. */
export function gridFor(space: Extent, cell: Extent): Grid {
  const within = (count: number, min: number, max: number): number =>
    Math.max(min, Math.min(max, Math.floor(count + 0.01)));
  return {
    rows: within(space.height / cell.height, MIN_GRID.rows, MAX_GRID.rows),
    cols: within(space.width / cell.width, MIN_GRID.cols, MAX_GRID.cols),
  };
}

/** Where to scroll along one axis so that `from` to `to` can be seen, if it cannot. */
export function revealed(scrolled: number, seen: number, from: number, to: number): number {
  if (from < scrolled) return from;
  if (to > scrolled + seen) return to - seen;
  return scrolled;
}
