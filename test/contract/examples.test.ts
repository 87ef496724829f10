/** Every example of the reference runs as it stands, in a real engine, and leaves the repository as it was. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PrimitiveDef } from '../../primitives/define.js';
import { primitives } from '../../primitives/index.js';
import { callables } from '../../tools/luals.js';
import { openLuaHost } from '../support/lua-host.js';
import { makeRepo } from '../support/temp-repo.js';
import { until } from '../support/until.js';

const examples = primitives.flatMap(({ def }: { readonly def: PrimitiveDef }) =>
  callables(def).map(([name, fn]) => ({ name, code: fn.example })),
);

test.each(examples)('$name', async ({ name, code }) => {
  const host = openLuaHost(name.startsWith('worktree.') ? { repoRoot: await makeRepo() } : {});
  const before = readdirSync(host.identity.repoRoot);
  await host.run(code);
  await until(() => host.engine.tasks.waiting === 0 && !host.hub.scheduler.pending);
  expect(readdirSync(host.identity.repoRoot)).toEqual(before);
  expect(host.quits).toEqual([]);
  expect(host.hub.status().sessions).toEqual([]);
  const errors = host.log.at('error');
  if (name !== 'log.error') expect(errors).toEqual([]);
});

test('the generated stubs are Lua', async () => {
  const folder = join(import.meta.dirname, '../../lua/meta');
  const { run } = openLuaHost();
  for (const name of readdirSync(folder)) {
    const stub = readFileSync(join(folder, name), 'utf8');
    expect(await run('local f, message = load(...) return message or type(f)', stub), name).toEqual([
      'function',
    ]);
  }
});
