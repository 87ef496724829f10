/**
 * The hub's side of the control socket: handles the worker's events, answers requests, knows who is connected.
 *
 * A handler starts the answer and returns at once; a request that fails, in whatever way, is answered with a coded
 * error and never disturbs the loop. The socket itself is the worker's.
 */
import type { Clock } from '../../base/clock.js';
import type { Counters } from '../../base/counters.js';
import { HubError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { RpcClient, WorkerSpec } from '../../base/rpc.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import type { HubIdentity } from '../../primitives/context.js';
import type { HandlersOf } from '../../primitives/define.js';
import { PROGRESS_EVENT } from '../../protocol/agents.js';
import type { HostConfig } from '../../protocol/host-config.js';
import { wireError } from '../../protocol/messages.js';
import type { ClientSummary } from '../../protocol/status.js';
import { PROTOCOL_VERSION } from '../../protocol/version.js';
import { stateFiles } from '../paths.js';
import type { ControlCalls, ControlWorkerData } from './control.calls.js';
import type { ControlEvent } from './control.def.js';
import { type Answer, answerRequest, type HubControl, type Report } from './requests.js';

/** How to start the control worker of a hub. `host` is the session host that clients are connected to. */
export function controlWorkerSpec(identity: HubIdentity, host: HostConfig): WorkerSpec {
  const workerData: ControlWorkerData = {
    hello: {
      protocol_version: PROTOCOL_VERSION,
      client: 'hub',
      version: identity.version,
      pid: process.pid,
      hub_id: identity.hubId,
    },
    host,
    log_path: stateFiles(identity.stateDir).log,
  };
  return {
    name: 'control',
    url: new URL('./server.worker.js', import.meta.url),
    workerData,
    restart: 'always',
  };
}

export interface ControlOptions {
  readonly identity: HubIdentity;
  readonly worker: RpcClient<ControlCalls>;
  readonly hub: HubControl;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

interface Client {
  readonly kind: string;
  readonly version: string;
  readonly sinceMs: number;
}

export class Control {
  /** For the loop: the control worker's events. */
  readonly handlers: HandlersOf<ControlEvent> = {
    'control.client_connected': ({ client, kind, version }) => {
      this.#clients.set(client, { kind, version, sinceMs: this.#options.clock.nowMs() });
      this.#nextClient = Math.max(this.#nextClient, client + 1);
      this.#options.log.log('debug', 'client connected', { client, kind, version });
    },
    'control.client_disconnected': ({ client, reason }) => {
      this.#clients.delete(client);
      this.#options.log.log('debug', 'client disconnected', { client, reason });
    },
    'control.request': (request) => void this.#answer(request),
  };
  readonly #options: ControlOptions;
  readonly #clients = new Map<number, Client>();
  #nextClient = 1;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /**
   * Opens the hub's socket: the `listen` of claimInstance. Errors: control.listen_failed, worker.*.
   */
  async listen(): Promise<void> {
    this.#clients.clear();
    const { identity, worker } = this.#options;
    // Client numbers are not used again: an answer for a client of the old worker must reach nobody.
    await worker.call('listen', { path: identity.socketPath, first_client: this.#nextClient });
  }

  /** Opens it again when a worker that died was started anew; its clients are gone with it. A failure is logged. */
  reopen(): void {
    this.listen().catch((thrown: unknown) => {
      this.#options.counters.add('control.reopen_failed');
      this.#options.log.log('error', 'the control socket cannot be opened again', {
        error: messageOf(thrown),
      });
    });
  }

  /** Who is connected now, oldest first. */
  clients(): ClientSummary[] {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#clients].map(([id, { kind, version, sinceMs }]) => ({
      id,
      client: kind,
      version,
      connected_s: Math.round((nowMs - sinceMs) / 100) / 10,
    }));
  }

  /** Carries out a request that came another way. */
  async request(method: string, params: LuaValue, report: Report): Promise<LuaValue | HubError> {
    const answer = await this.#carryOut(method, params, report);
    if (answer instanceof HubError) return answer;
    answer.afterwards?.();
    return answer.value;
  }

  #carryOut(method: string, params: unknown, report: Report): Promise<Answer | HubError> {
    this.#options.counters.add('control.requests');
    return answerRequest(this.#options.hub, method, params, report).catch((thrown: unknown) =>
      this.#internal(method, thrown),
    );
  }

  /** Closes the socket and all clients; what was answered before is still sent. */
  async close(): Promise<void> {
    await this.#options.worker.call('close', undefined);
  }

  async #answer({
    client,
    id,
    method,
    params,
  }: Extract<ControlEvent, { type: 'control.request' }>): Promise<void> {
    const { worker, log, counters } = this.#options;
    try {
      const answer = await this.#carryOut(method, params, progressReport(worker, client, id));
      if (answer instanceof HubError) {
        await worker.call('respond', { client, answer: { id, ok: false, error: wireError(answer) } });
      } else {
        // Not awaited before `afterwards`: calls to the worker keep their order, and a shutdown closes it later.
        const sent = worker.call('respond', { client, answer: { id, ok: true, value: answer.value } });
        answer.afterwards?.();
        await sent;
      }
    } catch (thrown) {
      counters.add('control.responses_lost');
      log.log('warn', 'an answer could not be sent', { client, method, error: messageOf(thrown) });
    }
  }

  #internal(method: string, thrown: unknown): HubError {
    const { log, counters } = this.#options;
    counters.add('control.internal_errors');
    log.log('error', 'a request failed', {
      method,
      error: thrown instanceof Error ? thrown : String(thrown),
    });
    return new HubError(
      'hub.internal',
      `The hub failed: ${messageOf(thrown)}. Its log says more: botster logs.`,
    );
  }
}

/**
 * Tells a client how its request goes. One message at a time is on its way to the worker; of those that come meanwhile
 * only the last counts. What cannot be told is of no account: the answer comes in any case.
 */
function progressReport(worker: RpcClient<ControlCalls>, client: number, id: number): Report {
  let sending = false;
  let next: LuaRecord | undefined;
  const send = async (progress: LuaRecord): Promise<void> => {
    sending = true;
    const data = { ...progress, request_id: id };
    await worker.call('notify_client', { client, name: PROGRESS_EVENT, data }).catch(() => undefined);
    sending = false;
    const last = next;
    next = undefined;
    if (last !== undefined) await send(last);
  };
  return (progress) => {
    if (sending) next = progress;
    else void send(progress);
  };
}
