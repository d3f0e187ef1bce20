import { isApplicationError } from '#lib/application/errors.ts'
import { CliError } from './cli/cli-error.ts'
import { helpFor, runCommand } from './cli/commands.ts'
import { readSettingFiles } from './launch/setting-files.mjs'

/** `npm run tidemark -- COMMAND`: works beside a running server, or alone. With --json its last line is the answer. */
const line = process.argv.slice(2)
const help = helpFor(line)
if (help !== null) {
  console.log(help)
  process.exit(0)
}
try {
  readSettingFiles(process.env)
  const { answer, json, isBad } = await runCommand(line)
  if (json) console.log(JSON.stringify(answer))
  else
    for (const [name, value] of Object.entries(answer))
      console.log(`${name}: ${isPlain(value) ? String(value) : JSON.stringify(value)}`)
  // Prisma's schema engine leaves handles open.
  process.exit(isBad ? 1 : 0)
} catch (error) {
  console.error(messageOf(error))
  process.exit(error instanceof CliError ? 2 : 1)
}

/** A list reads well as it is; what has names does not. */
function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Array.isArray(value)
}

/** What went wrong in words; a defect of ours with its stack. */
function messageOf(error: unknown): string {
  if (error instanceof CliError) return error.message
  if (isApplicationError(error)) {
    const places = error.extra['errors']
    return `${error.tidemarkCode}: ${error.message}${places === undefined ? '' : ` ${JSON.stringify(places)}`}`
  }
  if (error instanceof Error && 'code' in error) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
