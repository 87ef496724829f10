/** Puts the app onto the page. */
import { render } from 'preact';
import { messageOf } from '../../base/errors.js';
import type { Hubs } from '../link/types.js';
import { App } from './app.js';
import { followViewport } from './frame/viewport.js';
import { takeCode } from './pairing/connection-code.js';
import { startRouting } from './route.js';
import { preloadTerminal } from './terminal/load-terminal.js';
import { startTheme } from './theme.js';

export async function start(root: HTMLElement, hubs: Promise<Hubs>): Promise<void> {
  startTheme();
  followViewport();
  startRouting(takeCode);
  try {
    const opened = await hubs;
    root.replaceChildren();
    render(<App hubs={opened} />, root);
    preloadTerminal();
  } catch (thrown) {
    root.replaceChildren();
    render(<CannotStart why={messageOf(thrown)} />, root);
  }
}

function CannotStart({ why }: { readonly why: string }) {
  return (
    <main class="alone">
      <h1>botster cannot start here</h1>
      <p>{why}</p>
    </main>
  );
}
