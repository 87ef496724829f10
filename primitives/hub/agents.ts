/**
 * The agents of a hub: a name for each, and the sessions that belong to it. Says nothing of what an agent is; that is
 * Lua's. A plugin's agents end with it, those of the hub's own Lua (engine `hub`) stay.
 */
import { fail, type HubError } from '../../base/errors.js';
import type { Disposable, Scope } from '../../base/scope.js';
import type { LuaRecord } from '../../base/values.js';
import type { EngineContext } from '../context.js';

const MAX_AGENTS = 1_000;
const MAX_SESSIONS_EACH = 64;

interface Agent {
  readonly uuids: readonly string[];
  /** The scope it ends with, and its entry there. None: that of the hub's own Lua. */
  readonly owner: { readonly scope: Scope; readonly end: Disposable } | undefined;
}

export class Agents {
  readonly #tell: (name: string, data: LuaRecord) => void;
  readonly #agents = new Map<string, Agent>();

  constructor(tell: (name: string, data: LuaRecord) => void) {
    this.#tell = tell;
  }

  /** Replaces what has the key. */
  register(
    engine: EngineContext,
    key: string,
    uuids: readonly string[],
  ): undefined | HubError<'hub.agent_limit'> {
    if (uuids.length > MAX_SESSIONS_EACH)
      return fail('hub.agent_limit', `an agent can have ${MAX_SESSIONS_EACH} sessions, not ${uuids.length}`);
    const before = this.#agents.get(key);
    if (before === undefined && this.#agents.size >= MAX_AGENTS)
      return fail('hub.agent_limit', `${MAX_AGENTS} agents are registered already: unregister some first`);
    before?.owner?.scope.forget(before.owner.end);
    this.#agents.set(key, { uuids, owner: this.#ownerOf(engine, key) });
    this.#tell('agent_registered', { key, session_uuids: uuids });
    return undefined;
  }

  /** False: no such agent. */
  unregister(key: string): boolean {
    const agent = this.#agents.get(key);
    if (agent === undefined) return false;
    agent.owner?.scope.forget(agent.owner.end);
    this.#remove(key);
    return true;
  }

  /** By key, the uuids of their sessions. */
  all(): Record<string, string[]> {
    return Object.fromEntries([...this.#agents].map(([key, { uuids }]) => [key, [...uuids]]));
  }

  #ownerOf({ name, scope }: EngineContext, key: string): Agent['owner'] {
    if (name === 'hub') return undefined;
    return { scope, end: scope.defer(() => this.#remove(key)) };
  }

  #remove(key: string): void {
    const agent = this.#agents.get(key);
    if (agent === undefined) return;
    this.#agents.delete(key);
    this.#tell('agent_unregistered', { key, session_uuids: agent.uuids });
  }
}
