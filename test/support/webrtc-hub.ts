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

  /** A device that has been greeted. */
  async connected(spec: DeviceSpec = {}): Promise<WebrtcDevice> {
    const device = this.device(spec);
    const before = this.#connections;
    await device.connect();
    await until(() => {
      if (device.error !== undefined) throw device.error;
      return device.hello !== undefined && this.#connections > before;
    });
    return device;
  }
}
