/** The test's end of webrtc-device.worker.ts. */
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import { distUrl } from './import-from-dist.js';
import { until } from './until.js';
import type { FromDevice, ToDevice } from './webrtc-device.worker.js';
import type { WebrtcHub } from './webrtc-hub.js';

const cells = { pings: 0, pongs: 1, connected: 2, freeze: 3, received_bytes: 4 } as const;

export class DeviceThread {
  readonly identity: string;
  readonly #shared = new Int32Array(new SharedArrayBuffer(64));
  readonly #worker: Worker;
  #attached = 0;
  #failed: string | undefined;

  constructor(hub: WebrtcHub, name: string) {
    this.identity = `${name}:0000000000000000`;
    const { identity } = this;
    hub.notify('device_session', { identity, device_id: name, name, view_only: false });
    this.#worker = new Worker(distUrl('test/support/webrtc-device.worker.js'), {
      workerData: { shared: this.#shared.buffer },
    });
    this.#worker.on('message', (message: FromDevice) => {
      if (message.type === 'offer') void hub.functions.handle_offer(identity, message.sdp);
      else if (message.type === 'candidate') hub.functions.handle_ice_candidate(identity, message.candidate);
      else if (message.type === 'failed') this.#failed = message.why;
      else this.#attached++;
    });
    const onFact = hub.onFact;
    hub.onFact = (fact, data) => {
      onFact(fact, data);
      if (data['identity'] !== identity) return;
      if (fact === 'webrtc_answer') this.#tell({ type: 'answer', sdp: String(data['sdp']) });
      if (fact === 'webrtc_candidate') this.#tell({ type: 'candidate', candidate: data });
    };
    onTestFinished(async () => {
      this.thaw();
      this.#tell({ type: 'close' });
      await new Promise((resolve) => this.#worker.once('exit', resolve));
    });
  }

  get pings(): number {
    return Atomics.load(this.#shared, cells.pings);
  }

  get pongs(): number {
    return Atomics.load(this.#shared, cells.pongs);
  }

  get receivedBytes(): number {
    return Atomics.load(this.#shared, cells.received_bytes);
  }

  async connected(): Promise<void> {
    await until(() => Atomics.load(this.#shared, cells.connected) === 1);
  }

  async attach(uuid: string, credit: number): Promise<void> {
    this.#tell({ type: 'attach', uuid, credit });
    await until(() => {
      if (this.#failed !== undefined) throw new Error(`the attach failed: ${this.#failed}`);
      return this.#attached > 0;
    });
  }

  /** From now on it does nothing, until `thaw`. */
  freeze(): void {
    Atomics.store(this.#shared, cells.freeze, 1);
  }

  thaw(): void {
    Atomics.store(this.#shared, cells.freeze, 0);
    Atomics.notify(this.#shared, cells.freeze);
  }

  #tell(message: ToDevice): void {
    this.#worker.postMessage(message);
  }
}
