/**
 * The messages of base/rpc.ts, and readers that accept nothing else.
 *
 * Both ends are ours, but they run on different threads and, while an upgrade replaces files, may come from different
 * versions: a reader returns undefined for what it does not know, and never throws.
 */
import type { EventLike, Lane } from './event-lanes.js';

/** Changes when a message changes its meaning. A worker says its own in `ready`; the hub refuses any other. */
export const RPC_VERSION = 1;

/** Events a worker may send before the hub has handled earlier ones, per lane. */
export interface Credit {
  readonly control: number;
  readonly bulk: number;
}

export type ToWorker =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly arg: unknown }
  /** The caller gave up; no answer is wanted any more. */
  | { readonly kind: 'cancel'; readonly id: number }
  | ({ readonly kind: 'credit' } & Credit)
  /** Clean up and close the port. */
  | { readonly kind: 'stop' };

export type ToHub =
  | { readonly kind: 'ready'; readonly version: number }
  | { readonly kind: 'ok'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'fail';
      readonly id: number;
      readonly code: string;
      readonly message: string;
      readonly details: Record<string, unknown> | undefined;
    }
  /** Each event uses one credit of its lane. */
  | { readonly kind: 'events'; readonly lane: Lane; readonly events: readonly EventLike[] }
  /** Events lost in the worker since the last such message, by type. */
  | { readonly kind: 'dropped'; readonly counts: Readonly<Record<string, number>> }
  /** The worker got a message it does not understand. */
  | { readonly kind: 'bad'; readonly what: string };

export function readToWorker(value: unknown): ToWorker | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, id, name, control, bulk } = value;
  switch (kind) {
    case 'call':
      return isCount(id) && typeof name === 'string' ? { kind, id, name, arg: value['arg'] } : undefined;
    case 'cancel':
      return isCount(id) ? { kind, id } : undefined;
    case 'credit':
      return isCount(control) && isCount(bulk) ? { kind, control, bulk } : undefined;
    case 'stop':
      return { kind };
    default:
      return undefined;
  }
}

export function readToHub(value: unknown): ToHub | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, id, version, code, message, details, lane, events, counts, what } = value;
  switch (kind) {
    case 'ready':
      return isCount(version) ? { kind, version } : undefined;
    case 'ok':
      return isCount(id) ? { kind, id, value: value['value'] } : undefined;
    case 'fail':
      if (!isCount(id) || typeof code !== 'string' || typeof message !== 'string') return undefined;
      return { kind, id, code, message, details: isRecord(details) ? details : undefined };
    case 'events':
      if (lane !== 'control' && lane !== 'bulk') return undefined;
      return Array.isArray(events) && events.every(isEvent) ? { kind, lane, events } : undefined;
    case 'dropped':
      return isRecord(counts) && Object.values(counts).every(isCount)
        ? { kind, counts: counts as Record<string, number> }
        : undefined;
    case 'bad':
      return typeof what === 'string' ? { kind, what } : undefined;
    default:
      return undefined;
  }
}

/** A short name of a message that was not understood, for a log line. */
export function describeMessage(value: unknown): string {
  if (!isRecord(value)) return value === null ? 'null' : typeof value;
  const { kind } = value;
  return typeof kind === 'string'
    ? `kind ${JSON.stringify(kind.slice(0, 40))}`
    : `kind of type ${typeof kind}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isEvent(value: unknown): value is EventLike {
  return isRecord(value) && typeof value['type'] === 'string';
}
