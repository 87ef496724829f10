/** Addresses of Action Cable servers: what is connected to, and what may be shown of it. */
import { fail, type HubError } from '../../base/errors.js';

const schemes: Readonly<Record<string, string>> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
};

/** As a WebSocket wants it. */
export function cableAddress(text: string): string | HubError<'action_cable.bad_url'> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url === undefined ? undefined : schemes[url.protocol];
  if (url === undefined || scheme === undefined || url.hostname === '')
    return fail(
      'action_cable.bad_url',
      'url: an address that begins with ws://, wss://, http:// or https:// expected',
    );
  url.protocol = scheme;
  url.hash = '';
  return url.href;
}

/** Without user, password and query: they may be secret. */
export function shownAddress(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}
