import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { PushingDevice } from '../../../bench/push/push-bodies.ts'
import { pushOfReports, strikeReportSource } from '../../../bench/push/push-bodies.ts'
import type { Server } from './servers.ts'
import { enrollAt, pullFrom, pushTo, rowsOf, startServer, startServerWithFleet } from './servers.ts'

const WRITERS = 6
const PUSHES_EACH = 12
const MUTATIONS_EACH = 10
const POLLERS = 2

describe('two server processes over one PostgreSQL', () => {
  const report = strikeReportSource()
  const servers: Server[] = []
  let database: TestDatabase
  let fleetId: string
  let enrollmentKey: string
  beforeAll(async () => {
    database = await createTestDatabase()
    const first = await startServerWithFleet(database.url)
    servers.push(first, await startServer(database.url))
    ;({ fleetId, enrollmentKey } = first.ready)
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await database.drop()
  })
  const urlOf = (turn: number): string => servers[turn % servers.length]?.ready.url ?? ''

  /** Writes to both in turn; every third push goes to both at the same moment. @returns the records it made */
  async function write(device: PushingDevice, first: number): Promise<readonly string[]> {
    const made: string[] = []
    for (let turn = first; turn < first + PUSHES_EACH; turn++) {
      const push = pushOfReports(device, MUTATIONS_EACH, report)
      const urls = turn % 3 === 0 ? [urlOf(0), urlOf(1)] : [urlOf(turn)]
      const answers = await Promise.all(urls.map((url) => pushTo(url, device, push)))
      const again = await pushTo(urlOf(turn + 1), device, push)
      const texts = new Set([...answers, again].map(({ text }) => text))
      expect(texts.size).toBe(1)
      const { results } = JSON.parse(again.text) as PushResponse
      expect(results.map(({ status }) => status)).toEqual(results.map(() => 'applied'))
      made.push(...push.mutations.map(({ recordId }) => recordId))
    }
    return made
  }

  /** Pulls from both in turn until it has all that was written when `isOver` turned true. */
  async function poll(device: PushingDevice, isOver: () => boolean) {
    const recordIds: string[] = []
    const versions: number[] = []
    let token: string | null = null
    for (let turn = 0; ; turn++) {
      const last = isOver()
      const page = await pullFrom(urlOf(turn), device, token)
      token = page.token
      recordIds.push(...page.changes.map(({ recordId }) => recordId))
      versions.push(...page.changes.map(({ version }) => version))
      if (last && !page.hasMore) return { recordIds, versions }
    }
  }

  it('[TK2] pollers miss no change and see them in order; a repeated request has equal bytes at both', async () => {
    const enroll = async (_: unknown, i: number): Promise<PushingDevice> => enrollAt(urlOf(i), enrollmentKey)
    const writers = await Promise.all(Array.from({ length: WRITERS }, enroll))
    const pollers = await Promise.all(Array.from({ length: POLLERS }, enroll))
    let writing = true
    const polled = pollers.map((device) => poll(device, () => !writing))
    const made = await Promise.all(writers.map(write)).finally(() => (writing = false))
    const all = made.flat()
    for (const { recordIds, versions } of await Promise.all(polled)) {
      expect(recordIds.toSorted()).toEqual(all.toSorted())
      // Dense and in order: nothing was committed behind a token.
      expect(versions).toEqual(all.map((_, i) => i + 1))
    }
    const counts = `SELECT (SELECT count(*)::int FROM change_log WHERE fleet_id = $1) AS changes,
      (SELECT count(*)::int FROM stored_response WHERE fleet_id = $1) AS responses`
    const [row] = await rowsOf(database.url, fleetId, counts, [fleetId])
    expect(row).toEqual({ changes: all.length, responses: WRITERS * PUSHES_EACH })
  })
})
