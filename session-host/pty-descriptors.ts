/**
 * Keeps the PTYs of other sessions out of a new child.
 *
 * A child that has the master of another session can read and write that terminal, and keeps it from being hung up.
 * Masters are inheritable, and Node has no way to change that. On Linux, the native fork makes its child close what it
 * inherited by counting up from 3, and past 15 it stops at the first number that is not open. Its own new master, which
 * the child has closed by then, is such a number. So each new master is given a number above all others, with no gap
 * below it. On macOS the system closes everything.
 */
import { closeSync, openSync } from 'node:fs';

/**
 * Numbers climb while sessions overlap without end. Above this, filling the gaps would take too long (2 ms), and a child
 * may inherit masters with higher numbers than its own.
 */
const HIGHEST_FILLED = 512;

const masters = new Set<number>();

/** Runs `fork`, which opens one PTY and returns its master. */
export function withoutLeaks<T extends { readonly fd: number }>(fork: () => T): T {
  const fillers: number[] = [];
  try {
    const highest = Math.max(0, ...masters);
    if (process.platform === 'linux' && highest <= HIGHEST_FILLED) fillUpTo(highest, fillers);
    const forked = fork();
    masters.add(forked.fd);
    return forked;
  } finally {
    for (const filler of fillers) closeSync(filler);
  }
}

/** The master is about to be closed. */
export function forgetMaster(fd: number): void {
  masters.delete(fd);
}

/** Opens every free number up to `highest`. */
function fillUpTo(highest: number, fillers: number[]): void {
  for (;;) {
    // The kernel gives the lowest free number. Node opens files so that children do not inherit them.
    const fd = openSync('/dev/null', 'r');
    if (fd > highest) return closeSync(fd);
    fillers.push(fd);
  }
}
