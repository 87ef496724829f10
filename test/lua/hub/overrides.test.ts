/** What a user can replace of the hub's own Lua, and what happens when that is broken. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAgentsHost, put } from '../../support/agents-host.js';

test('a file of the device takes the place of the shipped one, and can build on it', async () => {
  const { core } = await openAgentsHost({
    before: ({ identity }) =>
      put(
        join(identity.dataDir, 'lua/hub/environment.lua'),
        `local environment = require("shipped.hub.environment")
         local build = environment.build
         function environment.build(session)
           local env = build(session)
           env.MINE = "yes"
           return env
         end
         return environment`,
      ),
  });
  expect(
    await core(`
      local env = require("hub.environment").build({ uuid = "u", token = "t", worktree_path = "/w", name = "n" })
      return env.MINE, env.BOTSTER_WORKTREE_PATH`),
  ).toEqual(['yes', '/w']);
});

test('the repository cannot replace anything', async () => {
  const { core } = await openAgentsHost({
    before: ({ identity }) => {
      for (const folder of ['.botster/lua', '.botster', 'lua', '.botster/hub']) {
        put(join(identity.repoRoot, folder, 'hub/agents.lua'), 'error("taken over")');
      }
      put(join(identity.repoRoot, '.botster/lua/init.lua'), 'taken_over = true');
    },
  });
  expect(await core('return type(require("hub.agents").create), taken_over')).toEqual([
    'function',
    undefined,
  ]);
});

test.each([
  ['a syntax error', 'return {'],
  ['an error when it is loaded', 'error("oops")'],
  ['no such module in it', 'return require("hub.no_such")'],
])('%s is reported, and the shipped file does its work', async (_name, text) => {
  const { core, log, identity } = await openAgentsHost({
    before: ({ identity }) => put(join(identity.dataDir, 'lua/hub/agent_records.lua'), text),
  });
  expect(await core('return require("hub.agents").list()')).toEqual([[]]);
  expect(log.at('error').join('\n')).toContain(
    `hub.agent_records in ${identity.dataDir}/lua could not be used`,
  );
});

test("the user's init.lua runs last; when it fails, the hub goes on", async () => {
  const init = (text: string) =>
    openAgentsHost({ before: ({ identity }) => put(join(identity.dataDir, 'lua/init.lua'), text) });
  const fine = await init('mine = type(require("hub.agents").create)');
  expect(await fine.core('return mine')).toEqual(['function']);
  const broken = await init('error("oops")');
  expect(broken.log.at('error').join('\n')).toMatch(/lua\/init\.lua failed: .*oops/);
  expect(await broken.core('return require("hub.agents").list()')).toEqual([[]]);
});

test('a folder in the place of a file does no harm', async () => {
  const { core } = await openAgentsHost({
    before: ({ identity }) =>
      void mkdirSync(join(identity.dataDir, 'lua/hub/hooks.lua'), { recursive: true }),
  });
  expect(await core('return #require("hub.hooks").list() > 0')).toEqual([true]);
});
