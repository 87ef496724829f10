/**
 * The behaviour of `pty` on the hub's side: what can be said at once is said from what the hub knows (sessions.ts), the
 * rest is asked of the worker. A hub whose user never starts a session has no worker and no session host.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '../../base/errors.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import type { SessionRecord } from '../../protocol/session.js';
import { implement } from '../define.js';
import { HostCalls } from './host-calls.js';
import { MAX_LEASES } from './ports.js';
import { ptyDef } from './pty.def.js';
import { Sessions } from './sessions.js';
import { plainMeta, spawnRequest } from './spawn-config.js';

/** Unless the caller says more: as the session host has it. */
const GRACE_SECONDS = 2;
/** For what the host does beside waiting. */
const KILL_EXTRA_MS = 30_000;

export const pty = implement(ptyDef, (hub) => {
  const { identity } = hub;
  const sessions = new Sessions(hub);
  const host = new HostCalls(hub, (uuid, { code, message }) =>
    sessions.trouble(uuid, code, `what was typed did not reach it: ${message}`),
  );

  return {
    engine(engine) {
      const leases = new Set<number>();
      engine.scope.defer(() => {
        for (const port of leases) host.releasePort(port);
      });

      return {
        async _spawn(config) {
          const request = spawnRequest(config, identity.repoRoot, process.env, sessions.ports());
          if (request instanceof HubError) return request;
          if (request.params.port !== undefined) leases.delete(request.params.port);
          const record = await host.spawn(request);
          if (record instanceof HubError) return record;
          sessions.learn(record);
          return record.uuid;
        },
        _get(id) {
          const found = sessions.find(id);
          return found instanceof HubError ? found : found.uuid;
        },
        _info: (uuid) => sessions.get(uuid),
        list: () => sessions.list(),
        _write(data, uuid) {
          const session = sessions.get(uuid);
          if (session instanceof HubError) return session;
          return host.write(session, data);
        },
        async _kill(options, uuid) {
          const session = sessions.get(uuid);
          if (session instanceof HubError) return session;
          if (session.state === 'exited') return undefined;
          const { signal, grace = GRACE_SECONDS } = options ?? {};
          const params = {
            id: uuid,
            grace_ms: Math.round(grace * 1_000),
            ...(signal === undefined ? {} : { signal }),
          };
          const answer = await host.ask<{ session: SessionRecord }>(
            { method: 'session.kill', params },
            2_000 * grace + KILL_EXTRA_MS,
          );
          if (answer instanceof HubError) return answer;
          sessions.put(answer.session);
          return undefined;
        },
        async _resize(rows, cols, uuid) {
          const session = sessions.get(uuid);
          if (session instanceof HubError) return session;
          const answer = await host.ask({ method: 'session.resize', params: { id: uuid, rows, cols } });
          if (answer instanceof HubError) return answer;
          sessions.patch(uuid, { rows, cols, size_policy: 'pinned' });
          return undefined;
        },
        async _screen(options, uuid) {
          const session = sessions.get(uuid);
          if (session instanceof HubError) return session;
          const params = { id: uuid, ...options };
          const answer = await host.ask<{ text: string }>({ method: 'session.screen', params });
          return answer instanceof HubError ? answer : answer.text;
        },
        async _update({ name, meta }, uuid) {
          const session = sessions.get(uuid);
          if (session instanceof HubError) return session;
          const plain = meta === undefined ? undefined : plainMeta(meta);
          if (plain instanceof HubError) return plain;
          const params = {
            id: uuid,
            ...(name === undefined ? {} : { name }),
            ...(plain === undefined ? {} : { meta: plain }),
          };
          const answer = await host.ask<{ session: SessionRecord }>({ method: 'session.update', params });
          if (answer instanceof HubError) return answer;
          sessions.put(answer.session);
          return undefined;
        },
        async remove(id) {
          const found = sessions.find(id);
          // What has only its history left on disk is known to the host alone.
          if (found instanceof HubError && (found.code === 'session.ambiguous' || !sessions.connected))
            return found;
          const uuid = found instanceof HubError ? id : found.uuid;
          const answer = await host.ask({ method: 'session.remove', params: { id: uuid } });
          if (answer instanceof HubError) return answer;
          sessions.forget(uuid);
          return undefined;
        },
        async lease_port() {
          if (leases.size >= MAX_LEASES) return host.tooManyLeases();
          const port = await host.leasePort(sessions.ports());
          if (port instanceof HubError) return port;
          if (engine.scope.disposed) host.releasePort(port);
          else leases.add(port);
          return port;
        },
        release_port(port) {
          if (!leases.delete(port)) return false;
          host.releasePort(port);
          return true;
        },
      };
    },
    handlers: { ...sessions.handlers, 'pty.answered': ({ answer }) => host.answered(answer) },
    notify(name, data) {
      if (!isOfWorker(data)) return;
      if (name === 'worker.restarted' || name === 'worker.failed') host.workerEnded();
      if (name === 'worker.restarted') void host.adopt();
      if (name === 'worker.failed')
        sessions.unusable('worker.failed', 'the worker that speaks with it fails');
    },
    ready: access(join(identity.stateDir, 'host.pid')).then(
      () => host.adopt(),
      // Nothing to adopt.
      () => undefined,
    ),
    status: () => sessions.status(),
  };
});

function isOfWorker(data: LuaValue): boolean {
  return (data as LuaRecord | null | undefined)?.['worker'] === HostCalls.workerName;
}
