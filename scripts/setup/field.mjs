import { hashOf, readStamp, writeStamp } from './project.mjs'
import { runNode } from './run.mjs'
import { ALREADY, StepError } from './step.mjs'

/** In the build's own folder, which goes wherever the build goes; a build of the console begins that folder anew. */
const FIELD_FOLDER = '.next/field'
const STAMP = `${FIELD_FOLDER}/.stamp`
const INPUTS = [
  'app/field',
  'app/styles',
  'app/icon.svg',
  'components/status',
  'components/ui',
  'lib/client',
  'lib/engine',
  'lib/kernel',
  'lib/protocol',
  'lib/telemetry',
  'package-lock.json',
  'scripts/build-field.ts',
  'scripts/field',
  'scripts/sdk',
  'scripts/setup/brotli.mjs',
]

/** Builds the field client, once per state of its sources. */
export async function buildFieldClient() {
  const hash = hashOf(INPUTS, (file) => file.endsWith('.md'))
  if (readStamp(STAMP) === hash) return ALREADY
  const { code, output } = await runNode(['--import', 'tsx', 'scripts/build-field.ts', FIELD_FOLDER])
  if (code !== 0)
    throw new StepError(
      `the build of the field client ended with ${code}`,
      'Correct what it names above.',
      output,
    )
  writeStamp(STAMP, hash)
  return undefined
}
