/**
 * What is inside: greetings and signals as JSON, checked against protocol/signals.ts both before they go and when they
 * come. Only declared fields go, and of what the other side says only they are passed on.
 */
import { fits } from '../base/check.js';
import { type Infer, type ObjectSchema, t } from '../base/schema.js';
import {
  type DeviceGreeting,
  deviceGreeting,
  type HubGreeting,
  hubGreeting,
  MAX_ENVELOPE_BYTES,
  type Signal,
  type SignalType,
  signals,
} from '../protocol/signals.js';

/** Room for the outside and for tags. */
const MAX_TEXT_BYTES = MAX_ENVELOPE_BYTES - 256;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

const types = Object.keys(signals) as SignalType[];
const schemas = new Map<unknown, ObjectSchema>(
  types.map((type) => [type, t.object({ type: t.oneOf(type), ...signals[type] })]),
);

/** Undefined if it does not fit: too large, or not as declared. */
export function signalText(signal: Signal): Uint8Array | undefined {
  const schema = schemas.get(signal.type);
  return schema === undefined ? undefined : textOf(schema, signal);
}

export function readSignal(text: Uint8Array): Signal | undefined {
  const value = parsed(text);
  const schema = schemas.get(value?.['type']);
  return schema === undefined ? undefined : (declared(schema, value) as Signal | undefined);
}

export function deviceGreetingText(greeting: DeviceGreeting): Uint8Array | undefined {
  return textOf(deviceGreeting, greeting);
}

export function readDeviceGreeting(text: Uint8Array): DeviceGreeting | undefined {
  return declared(deviceGreeting, parsed(text));
}

export function hubGreetingText(greeting: HubGreeting): Uint8Array | undefined {
  return textOf(hubGreeting, greeting);
}

export function readHubGreeting(text: Uint8Array): HubGreeting | undefined {
  return declared(hubGreeting, parsed(text));
}

function textOf(schema: ObjectSchema, value: object): Uint8Array | undefined {
  const known = declared(schema, value);
  if (known === undefined) return undefined;
  const text = encoder.encode(JSON.stringify(known));
  return text.length <= MAX_TEXT_BYTES ? text : undefined;
}

function parsed(text: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(text));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Fields that a newer peer may have added are left out. */
function declared<S extends ObjectSchema>(schema: S, value: unknown): Infer<S> | undefined {
  if (!fits(schema, value)) return undefined;
  const known = Object.keys(schema.fields as object).filter((key) => Object.hasOwn(value as object, key));
  return Object.fromEntries(known.map((key) => [key, (value as Record<string, unknown>)[key]])) as Infer<S>;
}
