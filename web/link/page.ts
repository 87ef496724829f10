/** The page and the machine's network, as far as they tell a script when to look again. */
import type { Page } from './transport.js';

export const browserPage: Page = {
  get visible() {
    return document.visibilityState === 'visible';
  },

  watch(listener) {
    const end = new AbortController();
    const { signal } = end;
    const shown = (): void => {
      if (document.visibilityState === 'visible') listener.woke('shown');
      else listener.hidden();
    };
    document.addEventListener('visibilitychange', shown, { signal });
    // A page that was frozen or taken out of the back-forward cache.
    window.addEventListener('pageshow', shown, { signal });
    document.addEventListener('resume', shown, { signal });
    window.addEventListener('online', () => listener.woke('online'), { signal });
    return () => end.abort();
  },
};
