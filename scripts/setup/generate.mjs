import { hashOf, readStamp, writeStamp } from './project.mjs'
import { runNode } from './run.mjs'
import { ALREADY, StepError } from './step.mjs'

const STAMP = 'lib/storage/prisma/generated/.stamp'

/** Generates Prisma's client from the schema, once per schema and Prisma version. */
export async function generateClient() {
  const hash = hashOf(['prisma/schema.prisma', 'node_modules/prisma/package.json'])
  if (readStamp(STAMP) === hash) return ALREADY
  const { code, output } = await runNode(['node_modules/prisma/build/index.js', 'generate'], {
    // The command looks for a schema engine and would download one; `generate` never runs it.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  })
  if (code !== 0) {
    throw new StepError(
      `prisma generate ended with ${code}`,
      'Correct prisma/schema.prisma as it says.',
      output,
    )
  }
  writeStamp(STAMP, hash)
}
