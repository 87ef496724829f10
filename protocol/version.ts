/**
 * Which protocol this build speaks, and what to tell people when two builds do not understand each other.
 *
 * The number changes when a message changes its meaning or a required field comes or goes. New optional fields, methods
 * and events do not change it. `hello` and `error` keep their shape for ever, so that any two builds can say this.
 */
import { fail, type HubError } from '../base/errors.js';

export const PROTOCOL_VERSION = 1;

/** The side that looks at the other's hello. */
export interface Speaker {
  readonly protocol_version: number;
  /** Release version, such as `0.1.0`. */
  readonly version: string;
}

/** Why `client` and `hub` cannot talk; undefined when they can. */
export function versionMismatch(
  hub: Speaker,
  client: Speaker & { readonly client: string },
): HubError<'protocol.version_mismatch'> | undefined {
  if (hub.protocol_version === client.protocol_version) return undefined;
  const cure =
    hub.protocol_version < client.protocol_version
      ? 'The hub is the older one: restart it with "botster stop" and "botster start" of the newer version.'
      : `The ${client.client} is the older one: update it to the hub's version.`;
  return fail(
    'protocol.version_mismatch',
    `The hub (botster ${hub.version}) speaks protocol ${hub.protocol_version}, ` +
      `the ${client.client} (${client.version}) speaks protocol ${client.protocol_version}. ${cure}`,
    { hub_protocol: hub.protocol_version, client_protocol: client.protocol_version },
  );
}
