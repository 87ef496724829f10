/**
 * A real hub without doors, for one test: its loop, its workers, its Lua, in temporary folders. Ends with the test, and
 * so do its sessions.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../base/clock.js';
import { RealClock } from '../../base/real-clock.js';
import type { LuaValue } from '../../base/values.js';
import { Hub, type HubDoors } from '../../hub/hub.js';
import type { Engine, EngineLimits } from '../../hub/lua/engine.js';
import type { ModuleRoot } from '../../hub/lua/modules.js';
import { LuaError } from '../../hub/lua/task.js';
import type { HubIdentity } from '../../primitives/context.js';
import { endHost } from './end-host.js';
import { MemoryLog } from './memory-log.js';
import { tempDir } from './temp-repo.js';

export interface LuaHostOptions {
  readonly limits?: Partial<EngineLimits>;
  readonly clock?: Clock;
  /** The repository; a plain empty folder unless a test needs git. */
  readonly repoRoot?: string;
  readonly moduleRoots?: readonly ModuleRoot[];
  readonly doors?: HubDoors;
}

export interface LuaHost {
  readonly hub: Hub;
  /** The engine that `run` uses: a plugin's, named `test`. */
  readonly engine: Engine;
  readonly log: MemoryLog;
  readonly identity: HubIdentity;
  /** Reasons given to `hub.quit()`. */
  readonly quits: string[];
  /** Runs a chunk and resolves to its results. Rejects with LuaError. */
  run(code: string, ...args: LuaValue[]): Promise<LuaValue[]>;
  /** Runs a chunk that must fail, and resolves to its error. */
  failure(code: string): Promise<LuaError>;
}

export function openLuaHost(options: LuaHostOptions = {}): LuaHost {
  const root = tempDir();
  const [dataDir, stateDir] = [join(root, 'data'), join(root, 'data/hubs/0123456789abcdef')];
  const repoRoot = options.repoRoot ?? join(root, 'repo');
  for (const folder of [stateDir, repoRoot]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const identity: HubIdentity = {
    hubId: '0123456789abcdef',
    repoRoot,
    dataDir,
    stateDir,
    luaPath: resolve(import.meta.dirname, '../../lua'),
    socketPath: join(stateDir, 'hub.sock'),
    hostSocketPath: join(stateDir, 'host.sock'),
    version: '0.0.0-test',
  };
  const log = new MemoryLog();
  const quits: string[] = [];
  const hub = new Hub({
    identity,
    log,
    clock: options.clock ?? new RealClock({ unref: true }),
    quit: (reason) => quits.push(reason),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.doors === undefined ? {} : { doors: options.doors }),
  });
  onTestFinished(async () => {
    hub.dispose();
    await hub.supervisor.stop();
    await endHost(stateDir);
  });
  hub.loop.start();
  const engine = hub.openEngine({ name: 'test', moduleRoots: options.moduleRoots ?? [] });
  const run = (code: string, ...args: LuaValue[]): Promise<LuaValue[]> => engine.load(code, '=test', args);
  const failure = async (code: string): Promise<LuaError> => {
    try {
      await run(code);
    } catch (thrown) {
      if (thrown instanceof LuaError) return thrown;
      throw thrown;
    }
    throw new Error('the chunk ended without an error');
  };
  return { hub, engine, log, identity, quits, run, failure };
}

/** Adds the global `T` to an engine, from plain functions: what a test needs of the host. Promises make them wait. */
export function addHostFunctions(engine: Engine, functions: Record<string, HostFunctionSpec>): void {
  const defs = Object.entries(functions).map(([name, { params = [], waits = false, call: _ }]) => [
    name,
    {
      doc: name,
      params: params.map((schema, i) => ({ name: `p${i + 1}`, schema, doc: '' })),
      returns: [{ name: 'value', schema: { kind: 'any' as const }, doc: '' }],
      errors: {},
      example: '',
      ...(waits ? { waits: true as const } : {}),
    },
  ]);
  const implementations = Object.entries(functions).map(([name, { call }]) => [name, call]);
  engine.addPrimitive(
    { name: 'T', doc: 'test', functions: Object.fromEntries(defs) as never },
    Object.fromEntries(implementations) as Record<string, (...args: unknown[]) => unknown>,
  );
}

export interface HostFunctionSpec {
  readonly params?: readonly import('../../base/schema.js').Schema[];
  readonly waits?: boolean;
  readonly call: (...args: never[]) => unknown;
}
