import { describe, expect, it } from 'vitest'
import { isTimeUp, noteTrial, rounds } from '#tests/support/trials.ts'
import { pushOfReports, strikeReportSource } from '../../../bench/push/push-bodies.ts'
import { enrollAt, pushTo } from './servers.ts'
import { twoProcesses } from './two-processes.ts'

const DEVICES = 4
/** Pushes of one mutation. */
const REQUESTS_EACH = rounds(25, 2_500)
const TIMES = 10
const TRIAL_TIMEOUT_MS = rounds(60_000, 1_800_000)

describe('each push is sent ten times at once, over two processes', () => {
  const current = twoProcesses()

  it(
    '[ID2] has one effect, and every answer has the same bytes',
    async () => {
      const { enrollmentKey, fleetId, urlOf, select } = current()
      const report = strikeReportSource()
      let requests = 0
      let different = 0
      const work = async (_: unknown, index: number): Promise<void> => {
        const device = await enrollAt(urlOf(index), enrollmentKey)
        for (let n = 0; n < REQUESTS_EACH && !isTimeUp(); n++) {
          const push = pushOfReports(device, 1, report)
          const copies = Array.from({ length: TIMES }, (__, turn) => pushTo(urlOf(turn), device, push))
          const answers = await Promise.all(copies)
          requests += 1
          if (new Set(answers.map(({ status, text }) => `${status} ${text}`)).size > 1) different += 1
          expect(answers[0]).toMatchObject({ status: 200 })
        }
      }
      await Promise.all(Array.from({ length: DEVICES }, work))
      const counts = `SELECT (SELECT count(*)::int FROM change_log WHERE fleet_id = $1) AS effects,
        (SELECT count(*)::int FROM record WHERE fleet_id = $1) AS records`
      const [row] = await select(counts, [fleetId])
      noteTrial({
        wanted: DEVICES * REQUESTS_EACH,
        done: requests,
        figures: { requests, 'times each': TIMES, ...row, 'with different answers': different },
      })
      expect({ ...row, different }).toEqual({ effects: requests, records: requests, different: 0 })
    },
    TRIAL_TIMEOUT_MS,
  )
})
