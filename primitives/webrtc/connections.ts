/**
 * The connections with devices as the hub's side knows them: numbers for the worker, identities for Lua.
 *
 * A number names one connection and is never used again, so that nothing meant for one reaches another of the same
 * device. What Lua sends is bounded for each; the worker says when it is on its way.
 */
import { fail, type HubError, isHubError } from '../../base/errors.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import type { BrowserSummary } from '../../protocol/status.js';
import type { HubContext } from '../context.js';
import type { DeviceSession } from './device-sessions.js';
import type { PathKind } from './rtc.js';
import type { WebrtcEvent } from './webrtc.calls.js';
import type { WebrtcWorker } from './webrtc-worker.js';

/** What scripts may have on its way to one device. */
const MAX_APP_BYTES = 4 * 1024 * 1024;
/** A device that does not read keeps a message that long at most. */
const APP_MS = 600_000;

type Told = Extract<WebrtcEvent, { type: 'webrtc.paths' }>;

export interface ConnectionEntry {
  readonly peer: number;
  readonly identity: string;
  device: DeviceSession;
  /** Undefined until it is connected. */
  connectedMs: number | undefined;
  path: PathKind | undefined;
  rttMs: number | undefined;
  /** Of messages on their way. */
  appBytes: number;
  /** The offer is with the worker, or given up. */
  offered: Promise<unknown>;
}

export class Connections {
  readonly #hub: HubContext<never>;
  readonly #worker: WebrtcWorker;
  readonly #byNumber = new Map<number, ConnectionEntry>();
  /** By identity, that of the newest offer. */
  readonly #newest = new Map<string, ConnectionEntry>();
  #last = 0;

  constructor(hub: HubContext<never>, worker: WebrtcWorker) {
    this.#hub = hub;
    this.#worker = worker;
  }

  /** A connection is about to be made. */
  open(identity: string, device: DeviceSession): ConnectionEntry {
    const peer = ++this.#last;
    const offered = Promise.resolve();
    const entry: ConnectionEntry = {
      peer,
      identity,
      device,
      connectedMs: undefined,
      path: undefined,
      rttMs: undefined,
      appBytes: 0,
      offered,
    };
    this.#byNumber.set(peer, entry);
    this.#newest.set(identity, entry);
    return entry;
  }

  of(identity: string): ConnectionEntry | undefined {
    return this.#newest.get(identity);
  }

  get(peer: number): ConnectionEntry | undefined {
    return this.#byNumber.get(peer);
  }

  connected(peer: number): void {
    const entry = this.#byNumber.get(peer);
    if (entry === undefined) return;
    entry.connectedMs = this.#hub.clock.nowMs();
    const { identity, device } = entry;
    this.#hub.notify('webrtc_peer_connected', { peer_id: identity, device_id: device.device_id });
  }

  /** What the worker knows of them. */
  found(paths: Told['paths']): void {
    for (const { peer, path, rtt_ms } of paths) {
      const entry = this.#byNumber.get(peer);
      if (entry !== undefined) Object.assign(entry, { path, rttMs: rtt_ms });
    }
  }

  /** A device got another name. What it may do cannot change while it is connected. */
  renamed(deviceId: string, name: string): void {
    for (const entry of this.#byNumber.values())
      if (entry.device.device_id === deviceId) entry.device = { ...entry.device, name };
  }

  /** Those that are connected, oldest first. */
  summaries(): BrowserSummary[] {
    const nowMs = this.#hub.clock.nowMs();
    return [...this.#byNumber.values()].flatMap(({ device, connectedMs, path, rttMs }) => {
      if (connectedMs === undefined) return [];
      const { device_id, name, view_only } = device;
      const connected_s = Math.round((nowMs - connectedMs) / 100) / 10;
      const way = path === undefined ? {} : { path: path === 'relay' ? 'relayed' : 'direct' };
      const rtt = rttMs === undefined ? {} : { rtt_ms: rttMs };
      return [{ device_id, name, view_only, connected_s, ...way, ...rtt } as BrowserSummary];
    });
  }

  closed(peer: number, reason: string): void {
    const entry = this.#byNumber.get(peer);
    if (entry === undefined) return;
    this.#byNumber.delete(peer);
    const { identity, device, connectedMs } = entry;
    const { device_id } = device;
    if (this.#newest.get(identity) === entry) this.#newest.delete(identity);
    if (connectedMs !== undefined)
      this.#hub.notify('webrtc_peer_disconnected', { peer_id: identity, device_id, reason });
    else this.#hub.log.log('info', 'a connection with a device did not come about', { device_id, reason });
  }

  /** The worker died. */
  allClosed(reason: string): void {
    for (const peer of [...this.#byNumber.keys()]) this.closed(peer, reason);
  }

  /** Sends what Lua says; `bytes` is its size. */
  send(
    identity: string,
    data: LuaRecord | LuaValue,
    bytes: number,
  ): undefined | HubError<'webrtc.no_peer' | 'webrtc.queue_full'> {
    const entry = this.#connected(identity);
    if (isHubError(entry)) return entry;
    if (entry.appBytes + bytes > MAX_APP_BYTES) {
      this.#hub.counters.add('webrtc.sends_refused');
      return fail('webrtc.queue_full', `${entry.appBytes} bytes wait for this device already`);
    }
    entry.appBytes += bytes;
    void this.#worker.call('app', { peer: entry.peer, data }, APP_MS).then((failed) => {
      entry.appBytes -= bytes;
      if (isHubError(failed)) this.#hub.counters.add('webrtc.sends_lost');
    });
    return undefined;
  }

  /** Tells a device an event. */
  tell(identity: string, name: string, data: LuaValue): undefined | HubError<'webrtc.no_peer'> {
    const entry = this.#connected(identity);
    if (isHubError(entry)) return entry;
    void this.#worker.call('notify_peer', { peer: entry.peer, name, data });
    return undefined;
  }

  #connected(identity: string): ConnectionEntry | HubError<'webrtc.no_peer'> {
    const entry = this.#newest.get(identity);
    if (entry?.connectedMs !== undefined) return entry;
    return fail('webrtc.no_peer', `no device is connected as ${JSON.stringify(identity)}`);
  }
}
