/**
 * A hub without its doors: loop, workers, primitives and Lua engines, wired together.
 *
 * Keeps true: everything hangs on one scope, and `dispose` ends it all; nothing here reads arguments, opens sockets or
 * ends the process, so a test can have a hub of its own. The doors are in hub/main.ts.
 */
import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { fail, messageOf } from '../base/errors.js';
import { Heartbeat } from '../base/heartbeat.js';
import type { Logger } from '../base/log.js';
import type { RpcCalls, RpcClient, WorkerSpec } from '../base/rpc.js';
import { Scope } from '../base/scope.js';
import type { LuaRecord, LuaValue } from '../base/values.js';
import type { HubContext, HubIdentity } from '../primitives/context.js';
import type { HandlersOf } from '../primitives/define.js';
import type { StatusReport } from '../protocol/status.js';
import type { ControlEvent } from './control/control.def.js';
import { type Handlers, type HubEvent, lanes, type PrimitiveEvent } from './events.js';
import { Inbox } from './inbox.js';
import { startLagProbe } from './lag-probe.js';
import { type EventRecorder, Loop } from './loop.js';
import { Engine, type EngineLimits } from './lua/engine.js';
import type { ModuleRoot } from './lua/modules.js';
import { LuaScheduler } from './lua/scheduler.js';
import { readStandard, type StandardSource } from './lua/standard.js';
import { PrimitiveHost } from './primitive-host.js';
import type { RelayEvent } from './relay/relay.def.js';
import type { WorkerMetrics } from './supervised-worker.js';
import { Supervisor } from './supervisor.js';

export interface HubOptions {
  readonly identity: HubIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called by `hub.quit()` and the like. */
  readonly quit: (reason: string) => void;
  /** What primitives need of what is around the hub. */
  readonly doors?: HubDoors;
  /** Handlers of the control socket's events, where there is one. Asked for at each event. */
  readonly controlHandlers?: () => HandlersOf<ControlEvent>;
  /** The same of the hub's own relay. */
  readonly relayHandlers?: () => HandlersOf<RelayEvent>;
  /** A worker lost its state and serves again. */
  readonly onWorkerRestarted?: (name: string) => void;
  readonly recorder?: EventRecorder;
  /** For every engine; tests make them small. */
  readonly limits?: Partial<EngineLimits>;
}

export type HubDoors = Pick<HubContext, 'request' | 'web'>;

/** A hub that nobody can reach. */
const noDoors: HubDoors = {
  request: () => Promise.resolve(fail('hub.no_doors', 'This hub answers no requests.')),
  web: () => Promise.resolve(undefined),
};

export interface EngineSpec {
  readonly name: string;
  readonly moduleRoots: readonly ModuleRoot[];
  readonly limits?: Partial<EngineLimits>;
  /** Its virtual machine broke; it is closed already. */
  readonly onBroken?: (reason: string) => void;
}

export interface EngineMetrics {
  readonly memory_bytes: number;
  readonly ready: number;
  readonly waiting: number;
}

export interface HubMetrics extends ReturnType<Loop<HubEvent>['metrics']> {
  readonly uptime_s: number;
  readonly rss_mb: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly workers: Readonly<Record<string, WorkerMetrics>>;
  readonly engines: Readonly<Record<string, EngineMetrics>>;
}

const MIB = 1024 * 1024;
/** Not one that a user's file can replace: it is what makes up for such files that do not load. */
const CORE_CHUNK = 'require("shipped.hub.init")';
/** How long a start waits for primitives that look for what is still there. */
const READY_MS = 3_000;

export class Hub {
  readonly counters = new Counters();
  readonly scope: Scope;
  readonly inbox: Inbox<HubEvent>;
  readonly loop: Loop<HubEvent>;
  readonly scheduler = new LuaScheduler();
  readonly supervisor: Supervisor<HubEvent>;
  readonly startedMs: number;
  readonly #options: HubOptions;
  readonly #heartbeat: Heartbeat;
  readonly #primitives: PrimitiveHost;
  readonly #standard: readonly StandardSource[];
  readonly #engines = new Set<Engine>();
  #core: Engine | undefined;

  constructor(options: HubOptions) {
    const { clock, log, identity } = options;
    this.#options = options;
    this.startedMs = clock.nowMs();
    this.scope = new Scope((thrown) => log.log('error', `shutting down: ${messageOf(thrown)}`));
    this.#heartbeat = new Heartbeat(clock.nowMs());
    this.inbox = new Inbox<HubEvent>({ lanes, counters: this.counters, log });
    this.supervisor = new Supervisor({
      inbox: this.inbox,
      heartbeat: this.#heartbeat,
      clock,
      log,
      counters: this.counters,
    });
    this.#standard = readStandard(identity.luaPath);
    this.#primitives = new PrimitiveHost(identity.luaPath, (name) => this.#contextFor(name));
    this.loop = new Loop<HubEvent>({
      inbox: this.inbox,
      handlers: this.#handlers(),
      clock,
      log,
      counters: this.counters,
      heartbeat: this.#heartbeat,
      ...(options.recorder === undefined ? {} : { recorder: options.recorder }),
    });
    this.loop.addBackground(this.scheduler);
  }

  /** The hub's own Lua: product behaviour, and what clients run. Opened when first asked for; a new one when it broke. */
  get core(): Engine {
    this.#core ??= this.#openCore();
    return this.#core;
  }

  /** Begins to handle events, and runs lua/hub/init.lua. */
  async start(): Promise<void> {
    this.scope.use(startLagProbe(this.#options.clock, (lagMs) => this.loop.recordLag(lagMs)));
    this.loop.start();
    await this.#primitivesReady();
    await this.core.load(CORE_CHUNK, '=hub');
  }

  /** A new engine with every primitive. Dispose it to take away all it did. */
  openEngine(spec: EngineSpec): Engine {
    const log = this.#options.log.child({ source: spec.name });
    const engine = new Engine({
      name: spec.name,
      log,
      counters: this.counters,
      scheduler: this.scheduler,
      standard: this.#standard,
      moduleRoots: spec.moduleRoots,
      getenv: (name) => process.env[name],
      limits: { ...this.#options.limits, ...spec.limits },
      onRunning: (name) => this.#heartbeat.running(name),
      onBroken: (reason) => {
        this.counters.add(`lua.broken.${spec.name}`);
        spec.onBroken?.(reason);
      },
    });
    this.#engines.add(engine);
    engine.scope.defer(() => this.#engines.delete(engine));
    this.scope.use(engine);
    engine.scope.defer(() => this.scope.forget(engine));
    this.#primitives.bind(engine);
    return engine;
  }

  /** A fact for Lua: `events.on(name, fn)` in every engine. */
  notify(name: string, data: LuaValue): void {
    this.#primitives.notify(name, data);
  }

  /** The numbers of `hub.metrics()` and of `botster status`. */
  metrics(): HubMetrics {
    const engines: Record<string, EngineMetrics> = {};
    for (const engine of this.#engines) {
      engines[engine.name] = { memory_bytes: engine.memoryBytes, ...engine.tasks };
    }
    return {
      ...this.loop.metrics(),
      uptime_s: Math.round(this.#options.clock.nowMs() - this.startedMs) / 1000,
      rss_mb: Math.round((process.memoryUsage.rss() / MIB) * 10) / 10,
      counters: this.counters.snapshot(),
      workers: this.supervisor.metrics(),
      engines,
    };
  }

  /** What primitives add to `botster status`. */
  status(): Partial<StatusReport> {
    return this.#primitives.status();
  }

  /** Tells Lua that the hub stops, and resolves when the observers have run as far as they can without waiting. */
  announceStop(reason: string): Promise<void> {
    this.inbox.post({ type: 'hub.stopping', reason });
    return new Promise((resolve) => {
      const check = this.loop.beforeSleep(() => {
        if (this.scheduler.pending || this.inbox.length('control') > 0) return;
        check.dispose();
        resolve();
      });
    });
  }

  /** Ends engines and their resources. Workers are stopped by `supervisor.stop`, which takes time. */
  dispose(): void {
    this.scope.dispose();
    this.loop.stop();
  }

  /** What outlived the last hub is usually known in some 50 ms; a start does not wait for what hangs. */
  #primitivesReady(): Promise<void> {
    return new Promise((resolve) => {
      const late = this.#options.clock.after(READY_MS, () => {
        this.#options.log.log('warn', 'starting although some primitive is not ready');
        resolve();
      });
      void this.#primitives.ready().then(() => {
        late.dispose();
        resolve();
      });
    });
  }

  #openCore(): Engine {
    return this.openEngine({
      name: 'hub',
      moduleRoots: coreModules(this.#options.identity),
      onBroken: () => {
        this.#core = undefined;
        this.core.load(CORE_CHUNK, '=hub').catch((thrown: unknown) => {
          this.#options.log.log('error', `lua/hub/init.lua failed: ${messageOf(thrown)}`);
        });
      },
    });
  }

  #handlers(): Handlers {
    const { controlHandlers, relayHandlers } = this.#options;
    return {
      ...this.#primitives.handlers,
      'control.client_connected': (event) => controlHandlers?.()['control.client_connected'](event),
      'control.client_disconnected': (event) => controlHandlers?.()['control.client_disconnected'](event),
      'control.request': (event) => controlHandlers?.()['control.request'](event),
      'relay.counted': (event) => relayHandlers?.()['relay.counted'](event),
      'worker.restarted': ({ type, worker, reason, restarts }) => {
        this.#options.onWorkerRestarted?.(worker);
        this.notify(type, { worker, reason, restarts });
      },
      'worker.failed': ({ type, worker, reason, restarts }) =>
        this.notify(type, { worker, reason, restarts }),
      'hub.stopping': ({ reason }) => this.notify('shutdown', { reason }),
    };
  }

  #contextFor(name: string): HubContext<PrimitiveEvent> {
    const { identity, clock, log, quit } = this.#options;
    return {
      identity,
      clock,
      log: log.child({ source: name }),
      counters: this.counters,
      scope: this.scope,
      post: (event) => this.inbox.post(event),
      startWorker: <C extends RpcCalls>(spec: WorkerSpec): RpcClient<C> => this.supervisor.start<C>(spec),
      metrics: () => this.metrics() as unknown as LuaRecord,
      quit,
      notify: (fact, data) => this.notify(fact, data),
      request: (method, params, report) => (this.#options.doors ?? noDoors).request(method, params, report),
      web: () => (this.#options.doors ?? noDoors).web(),
    };
  }
}

/**
 * Where the hub's own Lua is. A user's file in the data folder takes the place of the shipped one of the same name, and
 * finds that one under `shipped`. The repository has no say here: it comes from somebody else.
 */
function coreModules({ dataDir, luaPath }: HubIdentity): readonly ModuleRoot[] {
  return [
    { folder: luaPath, shownAs: 'lua', prefix: 'shipped' },
    { folder: join(dataDir, 'lua'), shownAs: '<data>/lua' },
    { folder: luaPath, shownAs: 'lua' },
  ];
}
