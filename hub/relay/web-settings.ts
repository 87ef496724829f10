/**
 * How a hub can be reached by browsers: what the command line says, else the device's configuration, else a relay of its
 * own on this machine.
 *
 * `relay.url` is read from the device's configuration only: a repository comes from somebody else, and must not choose
 * who carries the hub's signals.
 */
import { fail } from '../../base/errors.js';
import { SettingsFile } from '../../primitives/config/settings-file.js';
import type { WebAddress } from '../../primitives/context.js';

/** What `botster start` was told. */
export interface WebOptions {
  /** No page and no signaling. */
  readonly off?: boolean;
  /** Reachable from the local network. */
  readonly lan?: boolean;
  /** A relay elsewhere, by the address of its page. */
  readonly relay?: string;
}

export type WebMode =
  | { readonly kind: 'off' }
  | { readonly kind: 'elsewhere'; readonly address: WebAddress }
  | { readonly kind: 'own'; readonly lan: boolean };

export const RELAY_URL_KEY = 'relay.url';

/** Errors: cli.usage, config.bad_value, config.unreadable. */
export async function readWebMode(options: WebOptions, dataDir: string): Promise<WebMode> {
  const { off = false, lan = false, relay } = options;
  if (Number(off) + Number(lan) + Number(relay !== undefined) > 1) {
    throw fail('cli.usage', 'Of --lan, --relay and --no-web only one makes sense at a time.');
  }
  if (off) return { kind: 'off' };
  if (lan) return { kind: 'own', lan };
  if (relay !== undefined) {
    const address = relayAddress(relay);
    if (address !== undefined) return { kind: 'elsewhere', address };
    throw fail(
      'cli.usage',
      `--relay ${relay} is no address of a relay. It looks like https://relay.example.com/.`,
    );
  }
  const path = `${dataDir}/config.json`;
  const configured = (await new SettingsFile(path).read()).get(RELAY_URL_KEY);
  if (configured === undefined) return { kind: 'own', lan: false };
  const address = typeof configured === 'string' ? relayAddress(configured) : undefined;
  if (address !== undefined) return { kind: 'elsewhere', address };
  const expected = 'the address of a relay expected, like "https://relay.example.com/"';
  throw fail('config.bad_value', `Wrong value in ${path}: ${RELAY_URL_KEY}: ${expected}.`, { path });
}

/** The page and the cable of the relay at `url`; undefined if that is no such address. */
export function relayAddress(url: string): WebAddress | undefined {
  if (!URL.canParse(url)) return undefined;
  const page = new URL(url);
  if (page.protocol !== 'http:' && page.protocol !== 'https:') return undefined;
  if (page.username !== '' || page.password !== '' || page.search !== '' || page.hash !== '')
    return undefined;
  if (!page.pathname.endsWith('/')) page.pathname += '/';
  const cable = new URL('cable', page);
  cable.protocol = page.protocol === 'https:' ? 'wss:' : 'ws:';
  return { page_url: page.href, cable_url: cable.href };
}
