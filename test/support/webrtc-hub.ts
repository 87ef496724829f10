/** The primitive `webrtc` with its real worker, a real session host if wanted, and devices in this process. */
import { mkdirSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import type { webrtcDef } from '../../primitives/webrtc/webrtc.def.js';
import { webrtc } from '../../primitives/webrtc/webrtc.js';
import { FakeHub } from './fake-hub.js';
import { type HostProcess, startHost } from './host-process.js';
import { until } from './until.js';
import { type DeviceOptions, WebrtcDevice } from './webrtc-device.js';

/** Twenty times what it takes. */
const SETUP_MS = 12_000;
const MOST_TRIES = 3;

export interface DeviceSpec extends DeviceOptions {
  readonly identity?: string;
  readonly device_id?: string;
  readonly view_only?: boolean;
}

export class WebrtcHub extends FakeHub<typeof webrtcDef> {
  /** All facts, in order. */
  readonly facts: { readonly name: string; readonly data: LuaRecord }[] = [];
  readonly functions;
  onFact: (name: string, data: LuaRecord) => void = () => undefined;
  readonly devices = new Map<string, WebrtcDevice>();
  #last = 0;

  get #connections(): number {
    return this.facts.filter(({ name }) => name === 'webrtc_peer_connected').length;
  }

  constructor() {
    super(webrtc);
    this.functions = this.engine().functions;
  }

  override notify(name: string, data: LuaValue): void {
    const fields = data as LuaRecord;
    this.facts.push({ name, data: fields });
    super.notify(name, data);
    this.onFact(name, fields);
    const device = this.devices.get(String(fields['identity']));
    if (name === 'webrtc_answer') void device?.answered(String(fields['sdp']));
    if (name === 'webrtc_candidate') void device?.found(fields);
  }

  fact(name: string): Promise<LuaRecord> {
    return until(() => this.facts.find((fact) => fact.name === name)?.data);
  }

  async startHost(): Promise<HostProcess> {
    const { stateDir, hostSocketPath } = this.identity;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    return await startHost({ socket_path: hostSocketPath }, stateDir);
  }

  /** A device that `connection` knows, not connected yet. */
  device(spec: DeviceSpec = {}): WebrtcDevice {
    const n = ++this.#last;
    const {
      identity = `device${n}:0000000000000000`,
      device_id = `device${n}`,
      view_only = false,
      ...options
    } = spec;
    const device = new WebrtcDevice(
      {
        offer: (sdp) => void this.functions.handle_offer(identity, sdp),
        candidate: (candidate) => void this.functions.handle_ice_candidate(identity, candidate),
      },
      options,
    );
    this.devices.set(identity, device);
    onTestFinished(() => device.close());
    this.notify('device_session', { identity, device_id, name: `Device ${n}`, view_only });
    return device;
  }

  /**
   * A device that has been greeted. Tries again, as the app does: werift as a device fails now and then on a busy machine.
   * `meanwhile` happens when it has sent its offer.
   */
  async connected(
    spec: DeviceSpec = {},
    meanwhile: () => Promise<void> = () => Promise.resolve(),
  ): Promise<WebrtcDevice> {
    for (let tries = 1; ; tries++) {
      const device = this.device(spec);
      const before = this.#connections;
      const giveUpMs = performance.now() + SETUP_MS;
      await Promise.all([device.connect(), meanwhile()]);
      const greeted = await until(() => {
        if (device.error !== undefined) throw device.error;
        if (device.hello !== undefined && this.#connections > before) return 'greeted';
        return (device.isClosed || performance.now() > giveUpMs) && 'failed';
      });
      if (greeted === 'greeted') return device;
      if (tries === MOST_TRIES) throw new Error(`no connection after ${tries} tries`);
      await device.close();
    }
  }
}
