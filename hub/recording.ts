/**
 * What the loop took and when, kept so that it can be run again: `replay` gives the same handlers the same events in
 * the same order at the same (virtual) times.
 *
 * An event that a handler posts is in the recording too, so a replay's handlers post into nothing. What is recorded
 * is what the loop took, after lanes, coalescing and drops. As text it is one JSON object per line (NDJSON).
 */
import type { EventLike } from '../base/event-lanes.js';
import { LuaFloat } from '../base/values.js';
import type { HandlersOf } from '../primitives/define.js';
import { dispatch } from './dispatch.js';
import type { EventRecorder } from './loop.js';

/** Most events kept: minutes of a busy hub, some 100 MB. Later ones are counted as missed. */
export const RECORDING_LIMIT = 500_000;

export interface RecordedEvent<E extends EventLike = EventLike> {
  /** Milliseconds since the recording began. */
  readonly atMs: number;
  readonly event: E;
}

export class Recording implements EventRecorder {
  readonly entries: RecordedEvent[] = [];
  readonly #startMs: number;
  readonly #limit: number;
  #missed = 0;

  constructor(startMs: number, limit = RECORDING_LIMIT) {
    this.#startMs = startMs;
    this.#limit = limit;
  }

  /** Events that came after the limit. */
  get missed(): number {
    return this.#missed;
  }

  record(event: EventLike, atMs: number): void {
    if (this.entries.length < this.#limit) this.entries.push({ atMs: atMs - this.#startMs, event });
    else this.#missed++;
  }
}

/** A clock that a replay can move: test/support/virtual-clock.ts. */
export interface ReplayClock {
  nowMs(): number;
  /** Runs the timers due until then, in order. */
  advanceTo(ms: number): void;
}

/** Runs recorded events through `handlers` at their times, counted from the clock's present. */
export function replay<E extends EventLike>(
  entries: Iterable<RecordedEvent<E>>,
  handlers: HandlersOf<E>,
  clock: ReplayClock,
): void {
  const startMs = clock.nowMs();
  for (const { atMs, event } of entries) {
    clock.advanceTo(startMs + atMs);
    dispatch(handlers, event);
  }
}

/** One line of NDJSON, with its newline. */
export function toNdjson({ atMs, event }: RecordedEvent): string {
  return `${JSON.stringify({ atMs, event: encode(event) })}\n`;
}

/** Reads NDJSON. Throws on a line that is not a recorded event; types are the writer's word. */
export function fromNdjson(text: string): RecordedEvent[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const { atMs, event } = JSON.parse(line) as { atMs?: unknown; event?: unknown };
      const decoded = decode(event) as EventLike | undefined;
      if (typeof atMs !== 'number' || typeof decoded?.type !== 'string') {
        throw new Error(`line ${index + 1} is not a recorded event`);
      }
      return { atMs, event: decoded };
    });
}

// What JSON has no word for is an array with a tag; so a plain array needs one too.
function encode(value: unknown): unknown {
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('base64')];
  if (value instanceof LuaFloat) return ['float', encode(value.value)];
  if (value instanceof Map) return ['map', [...value].map(([key, item]) => [encode(key), encode(item)])];
  if (Array.isArray(value)) return ['list', value.map(encode)];
  if (typeof value === 'bigint') return ['bigint', String(value)];
  if (typeof value === 'number' && !isPlain(value))
    return ['number', Object.is(value, -0) ? '-0' : String(value)];
  if (value === undefined) return ['undefined'];
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]));
}

function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item)]));
  }
  const [tag, content] = value as [string, unknown];
  switch (tag) {
    case 'bytes':
      return new Uint8Array(Buffer.from(content as string, 'base64'));
    case 'float':
      return new LuaFloat(decode(content) as number);
    case 'map':
      return new Map((content as [unknown, unknown][]).map(([key, item]) => [decode(key), decode(item)]));
    case 'list':
      return (content as unknown[]).map(decode);
    case 'bigint':
      return BigInt(content as string);
    case 'number':
      return Number(content);
    case 'undefined':
      return undefined;
    default:
      throw new Error(`unknown tag ${JSON.stringify(tag)}`);
  }
}

/** Whether JSON keeps the number. */
function isPlain(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}
