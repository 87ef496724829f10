/**
 * Where the user is, in the address's fragment: `#/s/<hub>/<session>`. A connection code is a fragment too, and never
 * begins with a slash. Pure reading and writing, and the page's own current route.
 */
import { Cell } from '../link/observable.js';

export type Route =
  | { readonly at: 'list' }
  | { readonly at: 'session'; readonly hub: string; readonly uuid: string }
  | { readonly at: 'new'; readonly hub: string | undefined }
  | { readonly at: 'hub'; readonly hub: string }
  | { readonly at: 'pair' };

export function parseRoute(fragment: string): Route {
  const [, page, hub, uuid] = fragment.replace(/^#/, '').split('/').map(decoded);
  if (page === 's' && hub && uuid) return { at: 'session', hub, uuid };
  if (page === 'new') return { at: 'new', hub: hub || undefined };
  if (page === 'hub' && hub) return { at: 'hub', hub };
  return page === 'pair' ? { at: 'pair' } : { at: 'list' };
}

export function fragmentOf(route: Route): string {
  switch (route.at) {
    case 'list':
      return '#/';
    case 'session':
      return `#/s/${encodeURIComponent(route.hub)}/${encodeURIComponent(route.uuid)}`;
    case 'new':
      return route.hub === undefined ? '#/new' : `#/new/${encodeURIComponent(route.hub)}`;
    case 'hub':
      return `#/hub/${encodeURIComponent(route.hub)}`;
    case 'pair':
      return '#/pair';
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

export const route = new Cell<Route>({ at: 'list' });

/** From here on `route` is what the address says. `takeCode`: takes a connection code out of it, if it is one. */
export function startRouting(takeCode: () => void): void {
  const read = (): void => {
    takeCode();
    route.set(parseRoute(location.hash));
  };
  window.addEventListener('hashchange', read);
  read();
}

/** `replace`: the page that is left is not one to come back to. */
export function go(to: Route, options: { readonly replace?: boolean } = {}): void {
  if (options.replace === true) {
    history.replaceState(null, '', fragmentOf(to));
    route.set(to);
  } else if (location.hash !== fragmentOf(to)) location.hash = fragmentOf(to);
}
