/**
 * The part of the window that can be seen, as --seen-height and --seen-top: an on-screen keyboard covers the rest, and
 * browsers do not take it from the page's own height.
 */
import { Cell } from '../../link/observable.js';

/** More than this is a keyboard; less is a browser's bar. */
const KEYBOARD_FROM_PX = 120;

/** An on-screen keyboard is there. */
export const keyboardShown = new Cell(false);

export function followViewport(): void {
  const seen = window.visualViewport;
  if (seen === null) return;
  const { style } = document.documentElement;
  const follow = (): void => {
    // Zoomed by the user: what is seen is a part of the page, and the page stays as it is.
    if (seen.scale > 1.01) return;
    style.setProperty('--seen-height', `${seen.height}px`);
    style.setProperty('--seen-top', `${seen.offsetTop}px`);
    const shown = innerHeight - seen.height > KEYBOARD_FROM_PX;
    if (shown !== keyboardShown.value) keyboardShown.set(shown);
  };
  seen.addEventListener('resize', follow);
  seen.addEventListener('scroll', follow);
  follow();
}
