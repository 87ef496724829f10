/** A device on a thread of its own, for tests that hold the main thread, or the device. It pings all the time. */
import { parentPort, workerData } from 'node:worker_threads';
import { type SignaledCandidate, WebrtcDevice } from './webrtc-device.js';

/** What the thread tells in memory: pings sent, pongs got, whether it is connected; and where it is told to freeze. */
const cells = { pings: 0, pongs: 1, connected: 2, freeze: 3, received_bytes: 4 } as const;

export type ToDevice =
  | { readonly type: 'answer'; readonly sdp: string }
  | { readonly type: 'candidate'; readonly candidate: SignaledCandidate }
  | { readonly type: 'attach'; readonly uuid: string; readonly credit: number }
  | { readonly type: 'close' };
export type FromDevice =
  | { readonly type: 'offer'; readonly sdp: string }
  | { readonly type: 'candidate'; readonly candidate: SignaledCandidate }
  | { readonly type: 'attached' }
  /** An attach failed; what the hub said of it. */
  | { readonly type: 'failed'; readonly why: string };

const PING_MS = 20;
/** As in webrtc-hub.ts: a device that is not connected by then tries again, anew. */
const SETUP_MS = 12_000;

if (parentPort !== null) {
  const port = parentPort;
  const shared = new Int32Array((workerData as { shared: SharedArrayBuffer }).shared);
  const post = (message: FromDevice): void => port.postMessage(message);
  const connect = (): WebrtcDevice => {
    const made = new WebrtcDevice({
      offer: (sdp) => post({ type: 'offer', sdp }),
      candidate: (candidate) => post({ type: 'candidate', candidate }),
    });
    void made.connect();
    return made;
  };
  let device = connect();
  const again = setInterval(() => {
    if (Atomics.load(shared, cells.connected) === 1) return;
    void device.close();
    device = connect();
  }, SETUP_MS);
  const timer = setInterval(() => {
    Atomics.store(shared, cells.pongs, device.pongs.length);
    Atomics.store(shared, cells.received_bytes, device.receivedBytes);
    // Nothing may come before its own hello, which it says once its channel is open; the hub's may be here already.
    if (device.hello === undefined || !device.hasGreeted || device.isClosed) return;
    Atomics.store(shared, cells.connected, 1);
    device.say({ type: 'dc_ping', id: Atomics.add(shared, cells.pings, 1) });
    // Reads nothing and answers nothing, as a page of a phone in a pocket.
    Atomics.wait(shared, cells.freeze, 1);
  }, PING_MS);
  port.on('message', (message: ToDevice) => {
    if (message.type === 'answer') void device.answered(message.sdp);
    else if (message.type === 'candidate') void device.found(message.candidate);
    else if (message.type === 'attach')
      device.attach(message.uuid, 1, { credit: message.credit }).then(
        () => post({ type: 'attached' }),
        (thrown: unknown) =>
          post({ type: 'failed', why: `${String(thrown)}; ${device.error?.message ?? 'no reason'}` }),
      );
    else {
      clearInterval(timer);
      clearInterval(again);
      void device.close().then(() => port.close());
    }
  });
}
