/**
 * The import table of the architecture (docs: "Layers"), as rules. A layer may import itself, what its row
 * names, and nothing else; tests/architecture/layers.test.ts enforces it.
 */

/** Node's own modules. */
const NODE = { core: true }
const lib = (...names) => names.map((name) => `^lib/${name}/`)
const packages = (...names) => names.map((name) => `^node_modules/${name}/`)

/** @type {{ folder: string, apart?: string, may: string[], node?: { core: boolean } }[]} */
const LAYERS = [
  { folder: 'lib/kernel', may: [] },
  { folder: 'lib/protocol', may: [...lib('kernel'), ...packages('zod')] },
  {
    folder: 'lib/engine',
    may: [
      ...lib('kernel', 'protocol'),
      ...packages(
        '@cfworker/json-schema',
        'yjs',
        'ot-text-unicode',
        'ot-json1',
        'diff',
        '@marcbachmann/cel-js',
        'rfc6902',
      ),
    ],
  },
  {
    folder: 'lib/client',
    may: [...lib('kernel', 'protocol', 'engine'), ...packages('libsql', 'idb')],
    node: NODE,
  },
  { folder: 'lib/telemetry', may: lib('kernel', 'protocol') },
  {
    folder: 'lib/rollups',
    may: lib('kernel', 'protocol', 'telemetry'),
  },
  // The filter grammar of the lists, which the box, the verbs and both storages share.
  { folder: 'lib/query', may: lib('kernel', 'protocol') },
  {
    folder: 'lib/storage',
    may: [
      ...lib('kernel', 'protocol', 'engine', 'telemetry', 'rollups', 'query'),
      ...packages('@prisma/[^/]+', 'pg', '@types/pg', '@noble/hashes'),
    ],
    node: NODE,
  },
  {
    folder: 'lib/application',
    may: [
      ...lib('kernel', 'protocol', 'engine', 'telemetry', 'rollups', 'query'),
      '^lib/storage/ports\\.ts$',
      ...packages('zod', 'prom-client', 'next-auth', 'nodemailer', '@types/nodemailer'),
    ],
    node: NODE,
  },
  {
    folder: 'lib/http',
    // Beyond the table: the kernel's values (JSON, Result) and the metric names that the answers carry.
    may: [
      ...lib('protocol', 'application', 'kernel', 'telemetry', 'query'),
      '^lib/composition\\.ts$',
      ...packages('zod', '@hono/node-server', 'hono'),
    ],
    node: NODE,
  },
  {
    // Hooks and parts for apps on the SDK: what the field client is made of.
    folder: 'components/status',
    may: [
      ...lib('kernel', 'protocol', 'client', 'telemetry'),
      '^components/ui/',
      ...packages('@types/react', 'react'),
    ],
  },
  {
    folder: 'components',
    apart: '^components/status/',
    may: [
      ...lib('kernel', 'telemetry', 'engine', 'query'),
      ...packages(
        '@types/react',
        '@types/react-dom',
        'react',
        'react-dom',
        'next',
        'radix-ui',
        'recharts',
        'nuqs',
      ),
    ],
  },
  {
    // A browser's app of its own: it knows the server by the device API alone.
    folder: 'app/field',
    may: [
      ...lib('kernel', 'protocol', 'client'),
      '^components/(status|ui)/',
      ...packages('@types/react', '@types/react-dom', 'react', 'react-dom'),
    ],
  },
  {
    folder: 'app',
    apart: '^app/field/',
    may: [
      ...lib('protocol', 'http', 'application', 'query'),
      '^lib/composition\\.ts$',
      '^components/',
      ...packages('@types/react', 'react', 'next', 'next-auth', 'nuqs', 'geist'),
    ],
    node: NODE,
  },
]

const layerRules = LAYERS.map(({ folder, apart, may, node }) => ({
  name: `layer ${folder}`,
  severity: 'error',
  from: { path: `^${folder}/`, ...(apart === undefined ? {} : { pathNot: apart }) },
  to: { pathNot: [`^${folder}/`, ...may], ...(node ? { dependencyTypesNot: ['core'] } : {}) },
}))

/** Things that one place alone may know. */
const soleRules = [
  sole('Prisma and pg', '^lib/storage/prisma/', ['^node_modules/(@prisma/[^/]+|pg|@types/pg)/']),
  sole('next-auth', '^lib/application/access/', ['^node_modules/next-auth/']),
  sole('mail', '^lib/application/notifications/mail\\.ts$', ['^node_modules/(@types/)?nodemailer/']),
  sole('fetching ahead', '^components/ui/link\\.tsx$', ['^node_modules/next/link']),
  sole('the environment', '^lib/composition\\.ts$', ['^lib/env\\.ts$']),
  sole('Node in storage', '^lib/(?!storage/(?!prisma/))|^app/', [], ['core']),
]

/** @param {string} what @param {string} owner @param {string[]} paths @param {string[]} [types] */
function sole(what, owner, paths, types) {
  return {
    name: `sole ${what}`,
    severity: 'error',
    from: { path: '^(lib|components|app)/', pathNot: owner },
    to: { ...(paths.length > 0 ? { path: paths } : {}), ...(types ? { dependencyTypes: types } : {}) },
  }
}

module.exports = {
  forbidden: [
    ...layerRules,
    ...soleRules,
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^lib/storage/prisma/generated/' },
    // TypeScript 7 has no programming interface: without swc nothing would be seen.
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.css'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
