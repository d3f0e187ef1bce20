import { compressFiles } from './brotli.mjs'
import { buildFieldClient } from './field.mjs'
import { hashOf, readStamp, writeStamp } from './project.mjs'
import { runNode } from './run.mjs'
import { ALREADY, StepError } from './step.mjs'

const STAMP = '.next/tidemark-build'
/** Everything that the build reads, but for tsconfig.json: Next itself edits it. */
const BUILD_INPUTS = [
  'app',
  'components',
  'lib',
  'public',
  'instrumentation.ts',
  'proxy.ts',
  'next.config.js',
  'package.json',
  'package-lock.json',
  'prisma/schema.prisma',
  'scripts/setup/brotli.mjs',
]
/** Generated from the schema, which is in the list; and read by no build. */
const SKIPPED = /^lib\/storage\/prisma\/generated\/|\.md$/

/** Builds the console and the field client for production, once per state of their sources. */
export async function buildConsole() {
  const pages = await buildPages()
  // After the pages, whose build empties the folder that both go to.
  const field = await buildFieldClient()
  return pages === ALREADY && field === ALREADY ? ALREADY : undefined
}

async function buildPages() {
  const hash = hashOf(BUILD_INPUTS, (file) => SKIPPED.test(file))
  if (readStamp(STAMP) === hash) return ALREADY
  const { code, output } = await runNode(['node_modules/next/dist/bin/next', 'build'], {
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
  })
  if (code !== 0) throw new StepError(`next build ended with ${code}`, 'Correct what it names above.', output)
  compressFiles('.next/static')
  writeStamp(STAMP, hash)
  return undefined
}
