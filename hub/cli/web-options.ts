/** The options of `botster start` about browsers, and how they are passed on to a hub in the background. */
import type { WebOptions } from '../relay/web-settings.js';
import type { Options } from './command.js';

export const webOptions = {
  lan: { type: 'flag', doc: 'let other devices of the local network open the page' },
  relay: {
    type: 'text',
    shown: 'URL',
    doc: 'use the relay there (default: relay.url of the configuration, else one of its own for this machine)',
    completes: 'nothing',
  },
  'no-web': { type: 'flag', doc: 'serve no page: no browser can connect' },
} as const satisfies Options;

export const LAN_WARNING = `--lan: everybody on this network can open the hub's page, and nobody gets in without a code or a paired device.
But the page comes over plain http: who can change what travels on this network can change the page, and with it take
over what you do there. Use it on networks that you trust; elsewhere use a relay with https (docs/relay.md).
`;

export function webOptionsOf(options: {
  readonly lan: boolean;
  readonly relay: string | undefined;
  readonly 'no-web': boolean;
}): WebOptions {
  return {
    lan: options.lan,
    off: options['no-web'],
    ...(options.relay === undefined ? {} : { relay: options.relay }),
  };
}

/** The same as arguments of `botster start`. */
export function webArguments({ lan, off, relay }: WebOptions): string[] {
  return [
    ...(lan ? ['--lan'] : []),
    ...(off ? ['--no-web'] : []),
    ...(relay === undefined ? [] : ['--relay', relay]),
  ];
}
