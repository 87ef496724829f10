/** A hub without doors in temporary folders, with one engine and the host functions that benches call. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Logger } from '../base/log.js';
import { RealClock } from '../base/real-clock.js';
import { type Schema, t } from '../base/schema.js';
import { Hub } from '../hub/hub.js';
import type { Engine, EngineLimits } from '../hub/lua/engine.js';

export const root = resolve(import.meta.dirname, '../..');

const silent: Logger = { log: () => undefined, child: () => silent };

export interface BenchHub {
  readonly hub: Hub;
  readonly engine: Engine;
  close(): Promise<void>;
}

export function openBenchHub(limits: Partial<EngineLimits> = {}): BenchHub {
  const folder = mkdtempSync(join(tmpdir(), 'botster-bench-'));
  const stateDir = join(folder, 'data/hubs/0');
  mkdirSync(stateDir, { recursive: true });
  const hub = new Hub({
    identity: {
      hubId: '0',
      repoRoot: folder,
      dataDir: join(folder, 'data'),
      stateDir,
      luaPath: join(root, 'lua'),
      socketPath: join(stateDir, 'hub.sock'),
      hostSocketPath: join(stateDir, 'host.sock'),
      version: 'bench',
    },
    clock: new RealClock({ unref: true }),
    log: silent,
    quit: () => undefined,
    limits: { loadBudgetMs: 600_000, callbackBudgetMs: 600_000, ...limits },
  });
  hub.loop.start();
  const engine = hub.openEngine({ name: 'bench', moduleRoots: [] });
  return {
    hub,
    engine,
    close: async () => {
      hub.dispose();
      await hub.supervisor.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface HostFunction {
  readonly params?: readonly Schema[];
  readonly returns?: true;
  readonly waits?: true;
  readonly call: (...args: never[]) => unknown;
}

/** Sets the global `B` with these functions, bound like any primitive's. */
export function addFunctions(engine: Engine, functions: Readonly<Record<string, HostFunction>>): void {
  const named = (schemas: readonly Schema[]) =>
    schemas.map((schema, i) => ({ name: `p${i + 1}`, schema, doc: '' }));
  const defs = Object.entries(functions).map(([name, { params = [], returns, waits }]) => [
    name,
    {
      doc: '',
      params: named(params),
      returns: returns ? named([t.any]) : [],
      errors: {},
      example: '',
      ...(waits ? { waits } : {}),
    },
  ]);
  engine.addPrimitive(
    { name: 'B', doc: '', functions: Object.fromEntries(defs) as Record<string, never> },
    Object.fromEntries(Object.entries(functions).map(([name, { call }]) => [name, call])) as Record<
      string,
      (...args: unknown[]) => unknown
    >,
  );
}
