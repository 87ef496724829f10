/** Puts the app onto the page. */
import { render } from 'preact';
import { messageOf } from '../../base/errors.js';
import type { Hubs } from '../link/types.js';
import { App } from './app.js';
import { startRouting } from './route.js';
import { startTheme } from './theme.js';
import { followViewport } from './frame/viewport.js';

export interface StartOptions {
  readonly hubs: Promise<Hubs>;
  /** A connection code, which is in no address bar any more. */
  readonly code: string | undefined;
}

export async function start(root: HTMLElement, { hubs, code }: StartOptions): Promise<void> {
  startTheme();
  followViewport();
  startRouting();
  try {
    const opened = await hubs;
    root.replaceChildren();
    render(<App hubs={opened} code={code} />, root);
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
