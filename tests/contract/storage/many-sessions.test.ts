import pg from 'pg'
import { expect, it } from 'vitest'
import { FACET_VALUES_MAX } from '#lib/query/facets.ts'
import type { Field } from '#lib/query/field.ts'
import { SESSION_FIELDS } from '#lib/query/session-fields.ts'
import type { Cursor, Page, ListedSession } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { cases } from '#tests/support/cases.ts'
import { conditionsOf } from '#tests/support/conditions-of.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { writeManySessions } from '#tests/support/many-sessions.ts'
import { DAY_MS, makeFleet, NOW_MS } from './world.ts'

/** 1,000,000 with TIDEMARK_CASES=200, which tells what each filter took. */
const SESSIONS = cases(5_000)
const TOLD_FROM = 100_000
const DAYS = 7
const FOUND_MAX = 2_000

/** As documented, and those of which there are none: the whole range is looked through for them. */
const asked = [
  '',
  ...Object.values<Field>(SESSION_FIELDS).flatMap(({ examples }) => examples),
  'device:nobody',
  'DFW-0001',
  'nobody',
  'version:0.0',
  'platform:web',
  '-platform:ios,android,windows',
  'code:timeout',
  'code:none',
  'collection:photos',
  'collection:none',
  'took:>1d',
  'lag:>1d',
  'queue:>1000',
  'result:failed version:2.3.5 lag:>5m',
]

it(
  `finds in ${SESSIONS} generated sessions what each documented filter asks for`,
  { timeout: 60_000 + SESSIONS },
  async () => {
    const { url, drop } = await createTestDatabase()
    const storage = await openPostgresStorage({ url, poolSize: 2 })
    await storage.maintenance.ensurePartitions(NOW_MS - (DAYS + 1) * DAY_MS, DAYS + 3)
    const { id: fleetId } = await makeFleet(storage)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const many = { fleetId, sessions: SESSIONS, devices: 2_000, endMs: NOW_MS, days: DAYS }
    await writeManySessions(client, many)
    await client.end()
    for (const days of [1, DAYS]) {
      for (const q of asked) {
        const filter = {
          fromMs: NOW_MS - days * DAY_MS,
          toMs: NOW_MS + 1,
          conditions: conditionsOf(q, SESSION_FIELDS),
        }
        const times: number[] = []
        let cursor: Cursor | null = null
        let found = 0
        do {
          const startMs = performance.now()
          const page: Page<ListedSession> = await storage.sessions.list(fleetId, filter, {
            limit: 50,
            cursor,
          })
          times.push(performance.now() - startMs)
          found += page.items.length
          cursor = page.next
        } while (cursor !== null && found < FOUND_MAX)
        const startMs = performance.now()
        const { matching, capped, facets } = await storage.sessions.facets(fleetId, filter)
        const facetsMs = performance.now() - startMs
        if (!capped && found < FOUND_MAX) expect([q, matching]).toEqual([q, found])
        for (const { values } of facets) expect(values.length).toBeLessThanOrEqual(FACET_VALUES_MAX)
        if (SESSIONS >= TOLD_FROM)
          console.log(
            `${days} d  ${q.padEnd(40)} ${Math.max(...times).toFixed(0)} ms most of ${times.length} pages, first ${times[0]?.toFixed(0)}; facets ${facetsMs.toFixed(0)} ms (${matching}${capped ? ', capped' : ''})`,
          )
      }
    }
    await storage.close()
    await drop()
  },
)
