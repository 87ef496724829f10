/**
 * Who may import whom. The table is the architecture: a folder may import itself and what its row names.
 * A new folder needs a row here, a tsconfig.json with the same references, and a line in ./tsconfig.json.
 */
const mayImport = {
  base: [],
  protocol: ['base'],
  system: ['base', 'protocol'],
  worktrees: ['base', 'protocol', 'system'],
  'session-host': ['base', 'protocol', 'system'],
  pairing: ['base', 'protocol'],
  'session-link': ['base', 'protocol', 'system'],
  relay: ['base', 'protocol', 'system'],
  'mcp-bridge': ['base', 'protocol'],
  tui: ['base', 'protocol'],
  web: ['base', 'protocol', 'pairing'],
  'web-build': ['base'],
  primitives: ['base', 'protocol', 'system', 'worktrees', 'pairing', 'session-link'],
  hub: ['base', 'protocol', 'system', 'worktrees', 'session-link', 'relay', 'primitives'],
  tools: ['base', 'protocol', 'primitives', 'hub'],
};

/** Anything in a top-level folder of sources, whether or not it has a row. */
const anyFolder = '^(?!node_modules/|dist/|[.]ci/)[^/]+/';
const oneOf = (folders) => `^(${folders.join('|')})/`;

const qrPackage = '(^|/)node_modules/(qrcode|@types/qrcode)/';
const preactPackage = '(^|/)node_modules/preact/';
/** The package and its types. */
const cablePackage = '(^|/)node_modules/(@rails/actioncable|@types/rails__actioncable)/';

const directions = Object.entries(mayImport).map(([folder, others]) => ({
  name: `${folder}-imports`,
  comment: `${folder}/ may import ${others.length === 0 ? 'nothing but itself' : others.map((f) => `${f}/`).join(', ')}.`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { path: anyFolder, pathNot: oneOf([folder, ...others]), dependencyTypes: ['local'] },
}));

export default {
  forbidden: [
    ...directions,
    {
      name: 'folder-without-a-row',
      comment: 'Every folder of sources has a row in the table of .dependency-cruiser.js.',
      severity: 'error',
      from: { path: anyFolder, pathNot: oneOf([...Object.keys(mayImport), 'bench', 'test']) },
      to: { path: '.' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'pure-ecmascript',
      comment: 'base/ and protocol/ run in browsers too: no Node, no packages.',
      severity: 'error',
      from: { path: oneOf(['base', 'protocol']) },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'pairing-runs-in-browsers',
      comment: 'pairing/ runs in browsers too: no Node, and one package, wrapped by sodium.ts.',
      severity: 'error',
      from: { path: '^pairing/', pathNot: '^pairing/sodium\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'worker-imports',
      comment:
        'A worker imports base/, protocol/, system/, files of its own folder, node: and its transport library; and the ' +
        'folder that it is about: worktrees/, session-link/, pairing/, relay/.',
      severity: 'error',
      from: { path: '^(.+)/[^/]+\\.worker\\.ts$', pathNot: '^test/' },
      to: {
        path: anyFolder,
        pathNot: ['^(base|protocol|system|worktrees|session-link|pairing|relay)/', '^$1/[^/]+\\.ts$'],
        dependencyTypes: ['local'],
      },
    },
    {
      name: 'calls-are-types',
      comment: '*.calls.ts is the contract of a worker: both sides `import type` it.',
      severity: 'error',
      from: {},
      to: { path: '\\.calls\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'definitions-import-little',
      comment: 'A definition is data: it imports base/, protocol/ and primitives/define.ts.',
      severity: 'error',
      from: { path: '\\.def\\.ts$' },
      to: { pathNot: ['^(base|protocol)/', '^primitives/define\\.ts$', '\\.def\\.ts$'] },
    },
    {
      name: 'no-dev-packages-at-run-time',
      comment: 'What ships imports only what package.json lists under dependencies.',
      severity: 'error',
      from: { path: oneOf(Object.keys(mayImport)), pathNot: '^(tools|web-build)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'one-importer',
      comment:
        'One file wraps each package, so that replacing it changes one file. Tests may look past the wrapper.',
      severity: 'error',
      module: {
        path: '(^|/)node_modules/',
        // Have rules of their own, below.
        pathNot: [cablePackage, preactPackage, qrPackage],
        numberOfDependentsMoreThan: 1,
      },
      from: { path: oneOf(Object.keys(mayImport)), pathNot: '^tools/' },
    },
    {
      name: 'cable-importers',
      comment:
        'The hub and the browser wrap @rails/actioncable, one file each: a page cannot use the parts for Node.',
      severity: 'error',
      from: {
        path: oneOf(Object.keys(mayImport)),
        pathNot: ['^primitives/action_cable/consumer\\.ts$', '^web/link/cable\\.ts$'],
      },
      to: { path: cablePackage },
    },
    {
      name: 'qrcode-importers',
      comment: 'The command line and the web client draw QR codes, one file each.',
      severity: 'error',
      from: { path: oneOf(Object.keys(mayImport)), pathNot: ['^hub/cli/qr\\.ts$', '^web/ui/hub/qr[^/]*$'] },
      to: { path: qrPackage },
    },
    {
      name: 'preact-importers',
      comment: 'The pages are written in Preact: web/ui/ and the start. web/link/ knows no UI.',
      severity: 'error',
      from: { path: oneOf(Object.keys(mayImport)), pathNot: ['^web/ui/', '^web/main\\.tsx$'] },
      to: { path: preactPackage },
    },
    {
      name: 'link-without-ui',
      comment: 'The engine is below the pages, which see it through web/link/types.ts and open.ts.',
      severity: 'error',
      from: { path: '^web/link/' },
      to: { path: '^web/(ui/|main\\.tsx$)' },
    },
    {
      name: 'resolvable',
      comment: 'An import must lead somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
