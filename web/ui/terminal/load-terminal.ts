/** The chunk with the terminal: fetched while the page has nothing else to do, so that the first click finds it there. */

export type TerminalModule = typeof import('./terminal-start.js');

let loading: Promise<TerminalModule> | undefined;
let loaded: TerminalModule | undefined;

/** It, if it is there already. */
export function terminalModule(): TerminalModule | undefined {
  return loaded;
}

export async function loadTerminal(): Promise<TerminalModule> {
  loading ??= import('./terminal-start.js');
  try {
    loaded = await loading;
    return loaded;
  } catch (thrown) {
    // The next one tries again.
    loading = undefined;
    throw thrown;
  }
}

/** Not in every browser. */
const whenIdle: (work: () => void) => unknown =
  'requestIdleCallback' in window ? (work) => requestIdleCallback(work) : (work) => setTimeout(work, 500);

export function preloadTerminal(): void {
  whenIdle(() => void loadTerminal().catch(() => undefined));
}
