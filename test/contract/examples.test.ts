/** Every example of the reference runs as it stands, in a real engine, and leaves the repository as it was. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PrimitiveDef } from '../../primitives/define.js';
import { primitives } from '../../primitives/index.js';
import { openLuaHost } from '../support/lua-host.js';
import { until } from '../support/until.js';

const examples = primitives.flatMap(({ def }: { readonly def: PrimitiveDef }) =>
  Object.entries(def.functions)
    .filter(([, fn]) => fn.by !== 'hidden')
    .map(([name, fn]) => ({ name: `${def.name}.${name}`, code: fn.example })),
);

test.each(examples)('$name', async ({ name, code }) => {
  const host = openLuaHost();
  await host.run(code);
  await until(() => host.engine.tasks.waiting === 0 && !host.hub.scheduler.pending);
  expect(readdirSync(host.identity.repoRoot)).toEqual([]);
  expect(host.quits).toEqual([]);
  const errors = host.log.at('error');
  if (name !== 'log.error') expect(errors).toEqual([]);
});
