/** The worker as the hub's side uses it: started when it is first needed, its failures coded ones of `webrtc`. */
import { fail, type HubError, isHubError, messageOf } from '../../base/errors.js';
import type { CallArg, CallName, CallResult, RpcClient } from '../../base/rpc.js';
import { PROTOCOL_VERSION } from '../../protocol/version.js';
import type { HubContext } from '../context.js';
import { hostConfigOf, readMaxSessions } from '../pty/host-config.js';
import type { WebrtcCalls, WebrtcWorkerData } from './webrtc.calls.js';

// biome-ignore lint/suspicious/noExplicitAny: the codes are those that the definition lists
type Failure = HubError<any>;

export class WebrtcWorker {
  static readonly workerName = 'webrtc';
  readonly #hub: HubContext<never>;
  #worker: Promise<RpcClient<WebrtcCalls>> | undefined;

  constructor(hub: HubContext<never>) {
    this.#hub = hub;
  }

  get isStarted(): boolean {
    return this.#worker !== undefined;
  }

  /** Calls arrive in the order made. Failures come as values. */
  async call<K extends CallName<WebrtcCalls>>(
    name: K,
    arg: CallArg<WebrtcCalls, K>,
    timeoutMs?: number,
  ): Promise<CallResult<WebrtcCalls, K> | Failure> {
    try {
      this.#worker ??= this.#start();
      const worker = await this.#worker;
      return await worker.call(name, arg, timeoutMs === undefined ? {} : { timeoutMs });
    } catch (thrown) {
      if (!isHubError(thrown)) throw thrown;
      const { code, message } = thrown;
      if (!code.startsWith('worker.') && !code.startsWith('config.')) return thrown;
      return fail('webrtc.unavailable', `connections with devices cannot be made: ${message}`);
    }
  }

  /** Brings it up, so that the first offer need not wait for it. */
  warm(): void {
    void this.call('peers', undefined);
  }

  async #start(): Promise<RpcClient<WebrtcCalls>> {
    const { identity } = this.#hub;
    try {
      const workerData: WebrtcWorkerData = {
        hello: {
          protocol_version: PROTOCOL_VERSION,
          client: 'hub',
          version: identity.version,
          pid: process.pid,
          hub_id: identity.hubId,
        },
        host: hostConfigOf(identity, await readMaxSessions(identity.dataDir)),
      };
      return this.#hub.startWorker<WebrtcCalls>({
        name: WebrtcWorker.workerName,
        url: new URL('./webrtc.worker.js', import.meta.url),
        workerData,
        restart: 'always',
        hasDatagrams: true,
      });
    } catch (thrown) {
      this.#worker = undefined;
      throw fail('webrtc.unavailable', messageOf(thrown));
    }
  }
}
