/**
 * The subprotocol `actioncable-v1-json`: what clients send, checked, and what servers send. Pure.
 *
 * Keeps true: an identifier is echoed as the very text that the client sent, which is how clients find their
 * subscription again.
 */
import { fits } from '../base/check.js';
import { type Infer, t } from '../base/schema.js';
import {
  addressPattern,
  SIGNAL_ACTION,
  SIGNAL_CHANNEL,
  type SignalMessage,
  type SignalSubscription,
  signalMessage,
  signalSubscription,
} from '../protocol/signals.js';

export const CABLE_PROTOCOL = 'actioncable-v1-json';
/** Offered by clients of Rails as the last choice, so that a server can say that it speaks nothing else. */
export const UNSUPPORTED_PROTOCOL = 'actioncable-unsupported';

/** Why a server ends a connection. Those of Rails, and `rate_limit`. */
export type DisconnectReason =
  | 'unauthorized'
  | 'invalid_request'
  | 'server_restart'
  | 'remote'
  | 'rate_limit';

const MAX_IDENTIFIER_BYTES = 512;
const identifier = t.text({ maxBytes: MAX_IDENTIFIER_BYTES });
const commands = {
  subscribe: t.object({ identifier }),
  unsubscribe: t.object({ identifier }),
  message: t.object({ identifier, data: t.str }),
};
const withChannel = t.object({ channel: t.str });
const withAction = t.object({ action: t.str });
const base64url = /^[A-Za-z0-9_-]+$/;

export type Command = {
  readonly [K in keyof typeof commands]: { readonly command: K } & Infer<(typeof commands)[K]>;
}[keyof typeof commands];

/** What a client says; undefined if that is no command. */
export function readCommand(text: string): Command | undefined {
  const value = parse(text);
  if (!fits(t.object({ command: t.str }), value)) return undefined;
  const { command } = value;
  if (!Object.hasOwn(commands, command)) return undefined;
  return fits(commands[command as keyof typeof commands], value) ? (value as unknown as Command) : undefined;
}

/** The subscription to signals that an identifier asks for; undefined if it asks for anything else. */
export function readSubscription(text: string): SignalSubscription | undefined {
  const value = parse(text);
  if (!fits(withChannel, value) || value.channel !== SIGNAL_CHANNEL) return undefined;
  if (!fits(signalSubscription, value)) return undefined;
  const { hub, role, peer } = value as SignalSubscription;
  if (!addressPattern.test(hub)) return undefined;
  if (role === 'hub') return peer === undefined ? { hub, role } : undefined;
  return peer !== undefined && addressPattern.test(peer) ? { hub, role, peer } : undefined;
}

/** The signal in the data of a `message`; undefined if it is none. */
export function readSignal(text: string): SignalMessage | undefined {
  const value = parse(text);
  if (!fits(withAction, value) || value.action !== SIGNAL_ACTION) return undefined;
  if (!fits(signalMessage, value)) return undefined;
  const { peer, data } = value as SignalMessage;
  if (!base64url.test(data)) return undefined;
  if (peer === undefined) return { data };
  return addressPattern.test(peer) ? { peer, data } : undefined;
}

export const serverMessages = {
  welcome: (): string => '{"type":"welcome"}',
  /** Seconds since the epoch, as Rails sends them. */
  ping: (wallMs: number): string => `{"type":"ping","message":${Math.floor(wallMs / 1000)}}`,
  confirm: (identifier: string): string => JSON.stringify({ identifier, type: 'confirm_subscription' }),
  reject: (identifier: string): string => JSON.stringify({ identifier, type: 'reject_subscription' }),
  message: (identifier: string, message: SignalMessage): string => JSON.stringify({ identifier, message }),
  disconnect: (reason: DisconnectReason, reconnect: boolean): string =>
    JSON.stringify({ type: 'disconnect', reason, reconnect }),
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
