/**
 * The worker's calls as the hub's side makes them: every failure is a coded one of `pty`, and what is typed is bounded.
 */
import { fail, type HubError, isHubError, messageOf } from '../../base/errors.js';
import type { CallArg, CallName, CallResult, RpcClient } from '../../base/rpc.js';
import type { SessionRecord } from '../../protocol/session.js';
import type { HubContext } from '../context.js';
import { Answers } from './answers.js';
import { hostConfigOf, readMaxSessions } from './host-config.js';
import { MAX_LEASES } from './ports.js';
import type { Answered, HostRequest, PtyCalls, PtyWorkerData, SpawnRequest } from './pty.calls.js';

/** A start of the host on a machine under load, and the command's. */
const SPAWN_MS = 60_000;
const ASK_MS = 30_000;
/** A paste of megabytes goes to a program that reads slowly; the session host waits as long as that. */
const WRITE_MS = 600_000;
/** What may be on its way to one session, and to all. The session host holds as much again. */
const MAX_INPUT_BYTES = 16 * 1024 * 1024;
const MAX_ALL_INPUT_BYTES = 64 * 1024 * 1024;

// biome-ignore lint/suspicious/noExplicitAny: the codes are those that the definition lists, and the host's word
type Failure = HubError<any>;

export class HostCalls {
  static readonly workerName = 'pty';
  readonly #hub: HubContext;
  readonly #onInputLost: (uuid: string, error: HubError) => void;
  /** Bytes on their way, by session. */
  readonly #input = new Map<string, number>();
  #allInput = 0;
  #worker: Promise<RpcClient<PtyCalls>> | undefined;
  readonly #answers = new Answers();

  /** `onInputLost`: what `write` took was refused later. */
  constructor(hub: HubContext<never>, onInputLost: (uuid: string, error: HubError) => void) {
    this.#hub = hub;
    this.#onInputLost = onInputLost;
  }

  /** Connects to a host that runs. Never rejects. */
  async adopt(): Promise<void> {
    const failed = await this.#call('adopt', undefined, SPAWN_MS);
    if (isHubError(failed)) this.#hub.log.log('warn', `sessions are not adopted yet: ${failed.message}`);
  }

  /** Resolves when all facts that the host told before have been handled; so do answers of `ask`. */
  async spawn(request: SpawnRequest): Promise<SessionRecord | Failure> {
    return await this.#inOrder(await this.#call('spawn', request, SPAWN_MS));
  }

  async ask<V = unknown>(request: HostRequest, timeoutMs = ASK_MS): Promise<V | Failure> {
    return (await this.#inOrder(await this.#call('ask', request, timeoutMs))) as V | Failure;
  }

  /** All facts before this answer have been handled. */
  answered(answer: number): void {
    this.#answers.handled(answer);
  }

  /** The worker died: what it had told has been handled, and there is no more to wait for. */
  workerEnded(): void {
    this.#answers.release();
  }

  leasePort(exclude: readonly number[]): Promise<number | Failure> {
    return this.#call('lease_port', { exclude }, ASK_MS);
  }

  releasePort(port: number): void {
    void this.#call('release_port', { port }, ASK_MS);
  }

  tooManyLeases(): HubError<'pty.no_port'> {
    return fail('pty.no_port', `a plugin can lease ${MAX_LEASES} ports at a time: release some first`);
  }

  /** Takes what is to be typed, or says at once why not. */
  write(
    { uuid, state }: SessionRecord,
    bytes: Uint8Array,
  ): undefined | HubError<'session.ended' | 'session.input_full'> {
    if (state === 'exited') return fail('session.ended', `session ${uuid} has ended`);
    if (bytes.length === 0) return undefined;
    const waiting = this.#input.get(uuid) ?? 0;
    const full =
      waiting + bytes.length > MAX_INPUT_BYTES || this.#allInput + bytes.length > MAX_ALL_INPUT_BYTES;
    if (full) {
      this.#hub.counters.add('pty.input_refused');
      return fail('session.input_full', `${waiting} bytes wait for session ${uuid} already`, { waiting });
    }
    this.#input.set(uuid, waiting + bytes.length);
    this.#allInput += bytes.length;
    void this.#call('write', { uuid, bytes }, WRITE_MS).then((failed) => {
      const left = (this.#input.get(uuid) ?? 0) - bytes.length;
      if (left > 0) this.#input.set(uuid, left);
      else this.#input.delete(uuid);
      this.#allInput -= bytes.length;
      if (!isHubError(failed)) return;
      this.#hub.counters.add('pty.input_lost');
      this.#onInputLost(uuid, failed);
    });
    return undefined;
  }

  async #inOrder<V>(answered: Answered<V> | Failure): Promise<V | Failure> {
    if (isHubError(answered)) return answered;
    const { value, answer } = answered as Answered<V>;
    await this.#answers.until(answer);
    return value;
  }

  /** Failures come as values. */
  async #call<K extends CallName<PtyCalls>>(
    name: K,
    arg: CallArg<PtyCalls, K>,
    timeoutMs: number,
  ): Promise<CallResult<PtyCalls, K> | Failure> {
    try {
      this.#worker ??= this.#start();
      return await (await this.#worker).call(name, arg, { timeoutMs });
    } catch (thrown) {
      if (!isHubError(thrown)) throw thrown;
      return readable(thrown);
    }
  }

  async #start(): Promise<RpcClient<PtyCalls>> {
    const { identity } = this.#hub;
    try {
      const maxSessions = await readMaxSessions(identity.dataDir);
      const workerData: PtyWorkerData = { host: hostConfigOf(identity, maxSessions) };
      return this.#hub.startWorker<PtyCalls>({
        name: HostCalls.workerName,
        url: new URL('./pty.worker.js', import.meta.url),
        workerData,
        restart: 'always',
      });
    } catch (thrown) {
      this.#worker = undefined;
      throw fail('host.start_failed', messageOf(thrown));
    }
  }
}

/** What a worker that failed means for whoever asked. */
function readable(error: HubError): Failure {
  const { code, message } = error;
  if (code === 'worker.gone')
    return fail(
      'host.lost',
      'the worker that speaks with the session host died. It may or may not have been done',
    );
  if (code.startsWith('worker.'))
    return fail('host.unreachable', `the session host was not asked: ${message}`);
  return error;
}
