import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const OPEN = `
const { openDatabase } = await import('./scripts/launch/database.mjs')
await openDatabase().catch(() => process.exit(1))
`

/** What a start says of the settings of a database that a person brings. */
async function saidOf(settings: Record<string, string>): Promise<string> {
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', OPEN], {
    env: { ...process.env, ...settings },
    timeout: 15_000,
  })
  return run.then(
    () => 'started',
    ({ stderr }: { stderr: string }) => stderr,
  )
}

describe('a start with a database of one’s own', () => {
  test('says which setting is wrong before it asks the database', async () => {
    const secret = '0123456789abcdef0123456789abcdef'
    expect(await saidOf({ DATABASE_URL: 'foo', TIDEMARK_SECRET: secret })).toBe(
      'FAILED settings: DATABASE_URL: must be a URL like postgresql://user:password@host:5432/tidemark; `npm start` sets it when you leave it out.\n',
    )
    const noSecret = { DATABASE_URL: 'postgresql://127.0.0.1:1/tidemark', TIDEMARK_SECRET: '' }
    expect(await saidOf(noSecret)).toContain(
      'FAILED settings: TIDEMARK_SECRET: is required with DATABASE_URL',
    )
  })
})
