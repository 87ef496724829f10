/**
 * What a server may say, read with suspicion: a server that lies must not end the worker, and what it says goes on to
 * code that trusts its input (the library, structured cloning, Lua).
 */
import { MAX_DEPTH, MAX_REASON_CHARS } from './limits.js';

export type CableMessage =
  | { readonly type: 'welcome' }
  | { readonly type: 'ping' }
  /** `reconnect` false: the server does not want to see this client again. */
  | { readonly type: 'disconnect'; readonly reason: string; readonly reconnect: boolean }
  | { readonly type: 'confirmed' | 'rejected'; readonly identifier: string }
  | { readonly type: 'message'; readonly identifier: string };

/** Undefined: not a message of Action Cable, or one nested too deep. Never throws. */
export function readCableMessage(text: string): CableMessage | undefined {
  if (deeperThan(text, MAX_DEPTH)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const message = value as Readonly<Record<string, unknown>>;
  const type = Object.hasOwn(message, 'type') ? message['type'] : undefined;
  switch (type) {
    case 'welcome':
    case 'ping':
      return { type };
    case 'disconnect':
      return {
        type,
        reason: typeof message['reason'] === 'string' ? shown(message['reason']) : 'disconnected',
        // As the library has it: what is not said is no.
        reconnect: message['reconnect'] === true,
      };
    default:
      return aboutChannel(type, message);
  }
}

function aboutChannel(type: unknown, message: Readonly<Record<string, unknown>>): CableMessage | undefined {
  const identifier = message['identifier'];
  if (typeof identifier !== 'string') return undefined;
  if (type === 'confirm_subscription') return { type: 'confirmed', identifier };
  if (type === 'reject_subscription') return { type: 'rejected', identifier };
  if (type !== undefined || !Object.hasOwn(message, 'message')) return undefined;
  return { type: 'message', identifier };
}

/** Somebody else's words, fit for a line of a log. */
export function shown(words: string): string {
  const plain = words.replace(/[^\x20-\x7e\u00a0-\ud7ff]/g, '?');
  return plain.length > MAX_REASON_CHARS ? `${plain.slice(0, MAX_REASON_CHARS)}...` : plain;
}

const quote = 0x22;
const backslash = 0x5c;

/** Whether brackets outside of strings nest deeper; for text that is no JSON, a guess that does no harm. */
function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === backslash) i++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    // [ and {, then ] and }.
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}
