import { defineConfig } from 'vitest/config'
export default defineConfig({ root: '/work/main', test: { include: ['tests/unit/client/**/*.test.ts', 'tests/contract/client-store.*.test.ts', 'tests/contract/client-store.test.ts'] },
 resolve: { alias: [{ find: '#lib/engine/validate.ts', replacement: '/tmp/validate-standin.ts' }, { find: '@cfworker/json-schema', replacement: '/work/main/node_modules/@cfworker/json-schema/dist/esm/index.js' }] } })
