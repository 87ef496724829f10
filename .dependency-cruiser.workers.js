/**
 * What a worker thread loads: the graph without type-only imports. Starting a worker must stay cheap, and a worker
 * must not be able to reach the hub's state or Lua.
 */
import rules from './.dependency-cruiser.js';

export default {
  forbidden: [
    {
      name: 'worker-loads-little',
      comment:
        'Nothing a worker loads may load Lua, a definition, the primitives in general (but for how files are written and ' +
        'ICE settings read), or another worker.',
      severity: 'error',
      from: { path: '\\.worker\\.ts$', pathNot: '^test/' },
      to: {
        path: ['^hub/(lua|cli)/', '^primitives/[^/]+\\.ts$', '\\.def\\.ts$', '\\.worker\\.ts$'],
        pathNot: '^primitives/(atomic-file|file-errors|ice-settings)\\.ts$',
        reachable: true,
      },
    },
  ],
  options: { ...rules.options, tsPreCompilationDeps: false },
};
