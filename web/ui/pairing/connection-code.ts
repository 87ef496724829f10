/**
 * The connection code with which the page was opened. It is taken out of the address at once: it must not stay in the address
 * bar, the history or a bookmark.
 */
import { Cell } from '../../link/observable.js';

export const connectionCode = new Cell<string | undefined>(undefined);

/** A code is a fragment that does not begin with a slash, as this page's own do. */
export function takeCode(): void {
  const fragment = location.hash.replace(/^#/, '');
  if (fragment === '' || fragment.startsWith('/')) return;
  history.replaceState(null, '', `${location.pathname}${location.search}#/pair`);
  connectionCode.set(fragment);
}
