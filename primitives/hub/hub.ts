/** The behaviour of `hub`: facts from the context, the agents, and asking git for the repository's name. */
import { implement } from '../define.js';
import { absolutePath } from '../paths.js';
import { Agents } from './agents.js';
import { detectRepo } from './detect-repo.js';
import { hubDef } from './hub.def.js';

export const hub = implement(hubDef, (context) => {
  const { hubId, repoRoot, socketPath } = context.identity;
  const agents = new Agents((name, data) => context.notify(name, data));
  return {
    engine: (engine) => ({
      _register_agent: (key, uuids) => agents.register(engine, key, uuids),
      unregister_agent: (key) => agents.unregister(key),
      agents: () => agents.all(),
      hub_id: () => hubId,
      socket_path: () => socketPath,
      // There is no registration yet: the signaling primitive will provide it.
      server_id: () => undefined,
      quit: () => context.quit(`hub.quit() by ${engine.name} at ${engine.where()}`),
      detect_repo: async (path) => {
        const named = process.env['BOTSTER_REPO'];
        if (path === undefined && named !== undefined && named !== '') return named;
        return await detectRepo(path === undefined ? repoRoot : absolutePath(path, repoRoot));
      },
      metrics: () => context.metrics(),
    }),
    handlers: {},
  };
});
