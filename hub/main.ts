/**
 * The hub process: a Hub with its doors (log file, control socket, signals), from start to exit.
 *
 * Keeps true: the instance is claimed before any Lua runs, so a second start has no effect; what fails before the hub
 * is ready leaves nothing behind; the way out is an ordered list of steps with a deadline.
 */
import { messageOf } from '../base/errors.js';
import { RealClock } from '../base/real-clock.js';
import type { Disposable } from '../base/scope.js';
import { hostConfigOf, readMaxSessions } from '../primitives/pty/host-config.js';
import type { StatusReport } from '../protocol/status.js';
import type { ControlCalls } from './control/control.calls.js';
import { Control, controlWorkerSpec } from './control/control.js';
import { endAtOnce } from './end-at-once.js';
import { evalLua } from './eval.js';
import { Hub } from './hub.js';
import { claimInstance, prepareFolders } from './instance-lock.js';
import { type LogFile, openLogFile } from './log-file.js';
import { runLuaCommand } from './lua-command.js';
import { readLuaLimits } from './lua-settings.js';
import { stateFiles } from './paths.js';
import { RELAY_WORKER, WebDoor } from './relay/web-door.js';
import { readWebMode } from './relay/web-settings.js';
import type { ReadyInfo, RunOptions } from './run-options.js';
import { Shutdown } from './shutdown.js';

/** Runs the hub of `identity` until it is told to stop; resolves to the process's exit code. */
export async function runHub(options: RunOptions): Promise<number> {
  prepareFolders(options.identity);
  const logFile = await openLogFile({
    path: stateFiles(options.identity.stateDir).log,
    level: options.logLevel,
    ...(options.foreground
      ? { console: { fd: 2, color: process.stderr.isTTY && !process.env['NO_COLOR'] } }
      : {}),
  });
  const watch = flushOnCrash(logFile);
  let mustLive = false;
  try {
    return await serve(options, logFile, (supervisor) => {
      mustLive = supervisor.mustLive;
    });
  } finally {
    watch.dispose();
    await logFile.close();
    endAtOnce(mustLive);
  }
}

/** `atEnd` hears what is left of the workers. */
async function serve(
  { identity, onReady, web = {} }: RunOptions,
  { logger: log }: LogFile,
  atEnd: (supervisor: Hub['supervisor']) => void,
): Promise<number> {
  let finish: (code: number) => void = () => undefined;
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  // the hub's timers must not keep a process alive that has nothing else to do; the shutdown's must
  const clock = new RealClock({ unref: true });
  const shutdown = new Shutdown({ clock: new RealClock(), log, exit: (code) => finish(code) });
  const quit = (reason: string): void => void shutdown.begin(reason);
  const ready = (): ReadyInfo => ({
    hub_id: identity.hubId,
    pid: process.pid,
    repo: identity.repoRoot,
    socket: identity.socketPath,
    url: door.current?.page_url ?? null,
  });
  const startedAt = new Date().toISOString();
  const limits = await readLuaLimits(identity.dataDir);
  const maxSessions = await readMaxSessions(identity.dataDir);
  const webMode = await readWebMode(web, identity.dataDir);

  const hub: Hub = new Hub({
    identity,
    clock,
    log,
    quit,
    limits,
    controlHandlers: () => control.handlers,
    relayHandlers: () => door.handlers,
    doors: {
      request: (method, params, report) => control.request(method, params, report),
      web: () => door.web(),
    },
    onWorkerRestarted: (name) => {
      if (name === 'control') void control.reopen();
      if (name === RELAY_WORKER) void door.reopen();
    },
  });
  const door: WebDoor = new WebDoor({
    identity,
    mode: webMode,
    startWorker: (spec) => hub.supervisor.start(spec),
    log: log.child({ source: 'relay' }),
    counters: hub.counters,
    onMoved: (address) => hub.notify('web_address_changed', { ...address }),
  });
  const control: Control = new Control({
    identity,
    worker: hub.supervisor.start<ControlCalls>(
      controlWorkerSpec(identity, hostConfigOf(identity, maxSessions)),
    ),
    clock,
    log: log.child({ source: 'control' }),
    counters: hub.counters,
    hub: {
      status: () => ({
        ...statusOf(hub, ready(), identity.version, startedAt, control),
        ...door.status(),
      }),
      eval: (code, chunkName, args) => evalLua(hub.core, code, chunkName, args),
      command: (name, params, report) => runLuaCommand(hub.core, log, name, params, report),
      quit,
    },
  });

  let claim: Disposable | undefined;
  const release = (): void => claim?.dispose();
  process.once('exit', release);
  // before the claim: a client or a signal may end a hub that is still starting
  shutdown.add({ name: 'observers', maxMs: 500, run: () => hub.announceStop(shutdown.reason) });
  shutdown.add({ name: 'control socket', maxMs: 1_000, run: () => control.close() });
  shutdown.add({ name: 'relay', maxMs: 1_000, run: () => door.close() });
  shutdown.add({ name: 'engines', maxMs: 500, run: () => hub.dispose() });
  shutdown.add({ name: 'workers', maxMs: 2_500, run: () => hub.supervisor.stop() });
  const signals = shutdown.listen(process);
  try {
    door.prepare();
    hub.loop.start();
    // Here, since the worker threads of the doors start meanwhile.
    void hub.core;
    claim = await claimInstance(identity, () => control.listen());
    const opened = door.open();
    await hub.start();
    await opened;
    if (!shutdown.begun) {
      log.log('info', `ready: hub ${identity.hubId} for ${identity.repoRoot}`, { pid: process.pid });
      onReady(ready());
    }
    return await finished;
  } catch (thrown) {
    if (shutdown.begun) return await finished;
    hub.dispose();
    await hub.supervisor.stop();
    throw thrown;
  } finally {
    atEnd(hub.supervisor);
    signals.dispose();
    release();
    process.off('exit', release);
  }
}

/** The last lines matter most: what is logged when the process dies of an exception is written before it does. */
function flushOnCrash({ logger, flushSync }: LogFile): Disposable {
  const listener = (thrown: unknown): void => {
    logger.log('error', `the hub crashed: ${messageOf(thrown)}`, { error: thrown });
    flushSync();
  };
  process.on('uncaughtExceptionMonitor', listener);
  return { dispose: () => void process.off('uncaughtExceptionMonitor', listener) };
}

function statusOf(
  hub: Hub,
  { url, ...ready }: ReadyInfo,
  version: string,
  startedAt: string,
  control: Control,
): StatusReport {
  const { loop, queues, counters, uptime_s, rss_mb } = hub.metrics();
  return {
    ...ready,
    ...(url === null ? {} : { url }),
    version,
    node: process.version,
    started_at: startedAt,
    uptime_s,
    rss_mb,
    loop,
    queues,
    counters,
    sessions: [],
    plugins: [],
    clients: control.clients(),
    ...hub.status(),
  };
}
