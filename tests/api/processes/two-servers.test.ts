import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import { isTimeUp, noteTrial, rounds } from '#tests/support/trials.ts'
import type { PushingDevice } from '../../../bench/push/push-bodies.ts'
import { pushOfReports, strikeReportSource } from '../../../bench/push/push-bodies.ts'
import { enrollAt, pullFrom, pushTo } from './servers.ts'
import { twoProcesses } from './two-processes.ts'

const WRITERS = 16
const MUTATIONS_EACH = 50
/** 4,000 mutations, or a million. */
const PUSHES_EACH = rounds(5, 1_250)
const POLLERS = 2
const POLL_EVERY_MS = 50
const SHED_WAIT_MS = 500
/** So many pushes of a writer go to one server alone before one goes to both at the same moment. */
const TOGETHER_EVERY = 5
const TRIAL_TIMEOUT_MS = rounds(120_000, 3_600_000)

describe('two server processes over one PostgreSQL', () => {
  const report = strikeReportSource()
  const current = twoProcesses()
  const urlOf = (turn: number): string => current().urlOf(turn)

  /** Writes to both in turn, now and then the same to both at once and again. @returns the records it made */
  async function write(device: PushingDevice, first: number): Promise<readonly string[]> {
    const made: string[] = []
    for (let turn = first; turn < first + PUSHES_EACH && !isTimeUp(); turn++) {
      const push = pushOfReports(device, MUTATIONS_EACH, report)
      const isTogether = turn % TOGETHER_EVERY === 0
      const urls = isTogether ? [urlOf(0), urlOf(1)] : [urlOf(turn)]
      const answers = await Promise.all(urls.map((url) => taken(url, device, push)))
      if (isTogether) answers.push(await taken(urlOf(turn + 1), device, push))
      const [text = '', ...others] = new Set(answers.map((answer) => answer.text))
      expect(others).toEqual([])
      const { results } = JSON.parse(text) as PushResponse
      expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['applied']))
      made.push(...push.mutations.map(({ recordId }) => recordId))
    }
    return made
  }

  /** Follows tokens at both in turn until it has all that was written when `isOver` turned true. */
  async function poll(device: PushingDevice, first: number, isOver: () => boolean) {
    const recordIds: string[] = []
    let outOfOrder = 0
    let token: string | null = null
    for (let turn = first; ; turn++) {
      const last = isOver()
      const page = await pulled(urlOf(turn), device, token)
      token = page.token
      for (const { recordId, version } of page.changes) {
        recordIds.push(recordId)
        // Dense and in order: nothing was committed behind a token, and nothing comes twice.
        if (version !== recordIds.length) outOfOrder += 1
      }
      if (last && !page.hasMore) return { recordIds, outOfOrder }
      if (!page.hasMore) await pause(POLL_EVERY_MS)
    }
  }

  it(
    '[TK2] pollers miss no change and see them in order; a repeated request has equal bytes at both',
    async () => {
      const startedMs = performance.now()
      const enroll = async (_: unknown, i: number): Promise<PushingDevice> =>
        enrollAt(urlOf(i), current().enrollmentKey)
      const writers = await Promise.all(Array.from({ length: WRITERS }, enroll))
      const pollers = await Promise.all(Array.from({ length: POLLERS }, enroll))
      let writing = true
      const polled = pollers.map((device, i) => poll(device, i, () => !writing))
      const made = await Promise.all(writers.map(write)).finally(() => (writing = false))
      const seconds = (performance.now() - startedMs) / 1_000
      const all = made.flat()
      const seen = await Promise.all(polled)
      const missed = seen.map(({ recordIds }) => {
        const ids = new Set(recordIds)
        return all.filter((recordId) => !ids.has(recordId)).length
      })
      noteTrial({
        wanted: WRITERS * PUSHES_EACH * MUTATIONS_EACH,
        done: all.length,
        figures: {
          writers: WRITERS,
          pollers: POLLERS,
          'mutations/s': all.length / seconds,
          missed: missed.reduce((sum, count) => sum + count, 0),
          'out of order': seen.reduce((sum, { outOfOrder }) => sum + outOfOrder, 0),
          'seen too often': seen.reduce((sum, { recordIds }) => sum + recordIds.length - all.length, 0),
        },
      })
      expect(missed).toEqual(pollers.map(() => 0))
      expect(seen.map(({ recordIds, outOfOrder }) => [recordIds.length, outOfOrder])).toEqual(
        pollers.map(() => [all.length, 0]),
      )
      const counts = `SELECT (SELECT count(*)::int FROM change_log WHERE fleet_id = $1) AS changes,
        (SELECT count(*)::int FROM stored_response WHERE fleet_id = $1) AS responses`
      const [row] = await current().select(counts, [current().fleetId])
      expect(row).toEqual({ changes: all.length, responses: all.length / MUTATIONS_EACH })
    },
    TRIAL_TIMEOUT_MS,
  )
})

/** The answer of a push once it is taken: sixteen writers of one stream may be told to come again. */
async function taken(...[url, device, push]: Parameters<typeof pushTo>): Promise<{ readonly text: string }> {
  for (;;) {
    const answer = await pushTo(url, device, push)
    if (answer.status !== 503) return answer
    await pause(SHED_WAIT_MS)
  }
}

async function pulled(...[url, device, token]: Parameters<typeof pullFrom>): Promise<PullResponse> {
  for (;;) {
    const page = await pullFrom(url, device, token).catch((error: Error) => {
      if (error.message.startsWith('pull answered 503')) return null
      throw error
    })
    if (page) return page
    await pause(SHED_WAIT_MS)
  }
}
