/**
 * The behaviour of `connection` on the hub's side: asks the worker, tells the facts that come with its answers before the
 * answer, makes URLs of codes, and counts what was dropped.
 */
import { basename } from 'node:path';
import { fail, HubError, isHubError } from '../../base/errors.js';
import type { CallArg, CallName, CallResult, RpcClient } from '../../base/rpc.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import { addressPattern, MAX_ENVELOPE_TEXT } from '../../protocol/signals.js';
import type { HubContext } from '../context.js';
import { type FunctionsFor, implement } from '../define.js';
import type {
  CodeRecord,
  ConnectionBoot,
  ConnectionCalls,
  DropReason,
  Fact,
  Told,
} from './connection.calls.js';
import { connectionDef } from './connection.def.js';
import { cleanName } from './device-names.js';

const WORKER = 'connection';
/** A disk that is slow; what comes through a relay waits in line meanwhile. */
const CALL_MS = 30_000;

type Functions = FunctionsFor<typeof connectionDef>;
type CodeOptions = Parameters<Functions['code']>[0];
type Failure = HubError<'connection.storage' | 'connection.lost'>;

export const connection = implement(connectionDef, (hub) => {
  const keys = new Keys(hub);

  const code = async (options: CodeOptions) => {
    // Asked first: a code that nobody can be shown need not be made.
    const web = await hub.web();
    if (web === undefined)
      return fail('connection.unavailable', 'this hub serves no page: start it with one, or with a relay');
    const made = await keys.ask('code', {
      view_only: options?.view_only ?? false,
      renew: options?.renew ?? false,
    });
    return made instanceof HubError ? made : codeWithUrl(made, web.page_url);
  };
  const announce = async (options: CodeOptions): Promise<void> => {
    const made = await code(options);
    if (!(made instanceof HubError)) return hub.notify('connection_code_ready', made);
    const { code: why, message } = made as HubError;
    hub.log.log('warn', `there is no connection code: ${message}`);
    hub.notify('connection_code_failed', { code: why, error: message });
  };
  /** For the calls that answer whether there is such a device. */
  const known = <E>(id: string, found: boolean | E) =>
    found === false
      ? fail('connection.unknown_device', `no paired device has the id ${id}`)
      : asNothing(found);

  const dropped = (reason: DropReason) => {
    hub.counters.add(`connection.dropped_${reason}`);
    return fail('connection.dropped', `the envelope was dropped: ${reason}`, { reason });
  };

  const functions: Functions = {
    generate: (options) => void announce(options),
    regenerate: (options) => void announce({ ...options, renew: true }),
    code,
    async copy_to_clipboard() {
      const made = await code(undefined);
      if (made instanceof HubError) return made;
      return await keys.copy(made.url);
    },
    address: () => keys.ask('address', undefined),
    async unseal(peer, data) {
      // What cannot be an envelope is not copied to the worker.
      if (data.length > MAX_ENVELOPE_TEXT) return dropped('oversized');
      if (!addressPattern.test(peer)) return dropped('malformed');
      const taken = await keys.ask('unseal', { peer, data });
      return taken instanceof HubError || !('dropped' in taken) ? taken : dropped(taken.dropped);
    },
    async seal(identity, signal) {
      const sealed = await keys.ask('seal', { identity, signal });
      return sealed ?? fail('connection.no_session', `there is no connection ${identity}`);
    },
    devices: () => keys.ask('devices', undefined),
    async rename_device(id, name) {
      const clean = cleanName(name);
      if (clean === undefined)
        return fail(
          'connection.bad_name',
          'a name has at least one visible character, and at most 100 bytes',
        );
      return known(id, await keys.ask('rename', { id, name: clean }));
    },
    set_view_only: async (id, view_only) => known(id, await keys.ask('set_view_only', { id, view_only })),
    revoke_device: async (id) => known(id, await keys.ask('revoke', { id })),
    restart_ratchet: (id) => keys.ask('rekey', { id }),
  };
  return {
    engine: () => functions,
    handlers: {},
    notify(name, data) {
      const isOurs = (data as LuaRecord | null | undefined)?.['worker'] === WORKER;
      if (isOurs && (name === 'worker.restarted' || name === 'worker.failed')) keys.forgotten();
    },
  };
});

/** The calls that answer with what happened beside. */
type Asked = Exclude<CallName<ConnectionCalls>, 'copy'>;
type ValueOf<K extends Asked> = CallResult<ConnectionCalls, K> extends Told<infer T> ? T : never;

/** The worker, with failures as values and facts told. */
class Keys {
  readonly #hub: HubContext;
  /** Connections that were told of and have not ended. */
  readonly #identities = new Set<string>();
  #worker: RpcClient<ConnectionCalls> | undefined;

  constructor(hub: HubContext) {
    this.#hub = hub;
  }

  async ask<K extends Asked>(name: K, arg: CallArg<ConnectionCalls, K>): Promise<ValueOf<K> | Failure> {
    try {
      const told = (await this.#client().call(name, arg, { timeoutMs: CALL_MS })) as Told<ValueOf<K>>;
      for (const fact of told.facts) this.#tell(fact);
      for (const code of told.codes) void this.#tellCode(code);
      return told.failed === undefined ? told.value : fail('connection.storage', told.failed);
    } catch (thrown) {
      return failureOf(thrown);
    }
  }

  async copy(text: string): Promise<undefined | Failure> {
    try {
      await this.#client().call('copy', { text }, { timeoutMs: CALL_MS });
      return undefined;
    } catch (thrown) {
      return failureOf(thrown);
    }
  }

  /** The worker died, and all keys of connections with it. */
  forgotten(): void {
    for (const identity of [...this.#identities])
      this.#tell({ name: 'device_session_ended', data: { identity } });
  }

  #client(): RpcClient<ConnectionCalls> {
    const { dataDir, stateDir, hubId, repoRoot, version } = this.#hub.identity;
    const workerData: ConnectionBoot = {
      dataDir,
      stateDir,
      hub: { hub_id: hubId, name: basename(repoRoot), version },
    };
    this.#worker ??= this.#hub.startWorker<ConnectionCalls>({
      name: WORKER,
      url: new URL('./connection.worker.js', import.meta.url),
      workerData,
      restart: 'always',
    });
    return this.#worker;
  }

  #tell({ name, data }: Fact): void {
    const identity = data['identity'];
    if (typeof identity === 'string') {
      if (name === 'device_session') this.#identities.add(identity);
      if (name === 'device_session_ended') this.#identities.delete(identity);
    }
    this.#hub.notify(name, data);
  }

  async #tellCode(code: CodeRecord): Promise<void> {
    const web = await this.#hub.web();
    if (web !== undefined) this.#hub.notify('connection_code_ready', codeWithUrl(code, web.page_url));
  }
}

function codeWithUrl({ code, view_only, created_at }: CodeRecord, pageUrl: string) {
  return { url: `${pageUrl}#${code}`, view_only, created_at } satisfies LuaValue;
}

function asNothing<E>(found: true | E): undefined | Exclude<E, boolean> {
  return found instanceof HubError ? (found as Exclude<E, boolean>) : undefined;
}

function failureOf(thrown: unknown): Failure {
  if (!isHubError(thrown)) throw thrown;
  if (!thrown.code.startsWith('worker.')) return thrown as Failure;
  return fail('connection.lost', `the worker that has the keys did not answer: ${thrown.message}`);
}
