import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { testServer } from '#tests/support/database.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { writeManySessions } from '#tests/support/many-sessions.ts'

/** More than both ends of a connection keep for a reader who waits. */
const SESSIONS = 40_000

let world: DeviceHttp
const errors: string[] = []
beforeAll(async () => {
  world = await deviceHttp()
  world.app.ctx.log.error = (message) => errors.push(message)
  const client = new pg.Client({ connectionString: world.databaseUrl })
  await client.connect()
  await world.storage.maintenance.ensurePartitions(Date.now(), 1)
  await writeManySessions(client, {
    fleetId: world.fleet.fleetId,
    sessions: SESSIONS,
    devices: 100,
    endMs: Date.now(),
    days: 0.9,
  })
  await client.end()
})
afterEach(() => vi.restoreAllMocks())
afterAll(() => world.close())

/** As a database that is killed and not back yet; `true` lets it be reached again. */
async function reachable(isReachable: boolean): Promise<void> {
  const name = new URL(world.databaseUrl).pathname.slice(1)
  const client = new pg.Client({ connectionString: testServer() })
  await client.connect()
  await client.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS ${isReachable}`)
  if (!isReachable)
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name])
  await client.end()
}

/** What came of an export, and whether its end was told as the end of a whole file. */
async function exported(format: string, onFirst: () => Promise<void> = async () => undefined) {
  const { key } = await createApiKey(world.app.ctx, { actor: SYSTEM, body: { name: format, role: 'viewer' } })
  const path = `/sessions/export?fleet=${world.fleet.fleetId}&format=${format}`
  const answer = await fetch(`${world.url}/api/admin/v1${path}`, {
    headers: { authorization: `Bearer ${key}` },
  })
  expect(answer.status).toBe(200)
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      if (text === '') await onFirst()
      text += decoder.decode(chunk, { stream: true })
    }
    return { text, isWhole: true }
  } catch {
    return { text, isWhole: false }
  }
}
const linesOf = (text: string): number => text.split('\n').length - 1

test.each(['csv', 'ndjson'])(
  'a database that is killed in the middle of a %s export breaks it off',
  async (format) => {
    errors.length = 0
    // The listener tells of the failure there too.
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const broken = await exported(format, () => reachable(false))
    await reachable(true)
    expect(broken.isWhole).toBe(false)
    expect(linesOf(broken.text)).toBeGreaterThan(0)
    expect(linesOf(broken.text)).toBeLessThan(SESSIONS)
    expect(broken.text).not.toContain('"complete":true')
    expect(errors).toContain('an export was broken off')

    const whole = await exported(format)
    expect(whole.isWhole).toBe(true)
    expect(linesOf(whole.text)).toBe(SESSIONS + 1)
  },
)
