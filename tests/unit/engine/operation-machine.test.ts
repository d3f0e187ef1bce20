import { describe, expect, it } from 'vitest'
import {
  afterEvent,
  batchSize,
  failureVerdict,
  isEnded,
  ITEM_OUTCOMES,
  OPERATION_STATES,
  OUTCOME_STATES,
  stageAt,
  takes,
} from '#lib/engine/operation-machine.ts'

describe('an operation', () => {
  it('[DL12] ends in three states, and is begun in two', () => {
    expect(OPERATION_STATES.filter(isEnded)).toEqual(['cancelled', 'completed', 'failed'])
    expect(OPERATION_STATES.filter((state) => takes(state, 'start'))).toEqual(['draft', 'previewed'])
    expect(afterEvent('paused', 'resume')).toBe('running')
    expect(afterEvent('completed', 'resume')).toBeNull()
    expect(OPERATION_STATES.filter((state) => takes(state, 'cancel'))).toEqual([
      'draft',
      'previewed',
      'running',
      'paused',
    ])
  })

  it('[DL12] counts each outcome as one thing', () => {
    for (const outcome of ITEM_OUTCOMES)
      expect(['done', 'skipped', 'errored']).toContain(OUTCOME_STATES[outcome])
    expect(OUTCOME_STATES.held).toBe('skipped')
  })

  it('[DL14] runs 1, 10 and 100, then the rest', () => {
    expect([0, 1, 10, 11, 110, 111, 9_999].map((settled) => stageAt(settled).stage)).toEqual([
      1, 2, 2, 3, 3, 4, 4,
    ])
    expect([0, 1, 6, 11, 108, 111].map((settled) => batchSize(200, settled))).toEqual([1, 10, 5, 10, 3, 10])
  })

  it('[DL14] has no second with more than the rate and a twentieth, at any rate', () => {
    for (let rate = 1; rate <= 1_000; rate++) {
      const size = batchSize(rate, 1_000)
      const apartMs = Math.ceil((size * 1_000) / rate)
      const inASecond = (Math.floor(999 / apartMs) + 1) * size
      expect(inASecond, `at ${rate}`).toBeLessThanOrEqual(Math.max(rate + 1, Math.floor(rate * 1.05)))
    }
  })

  it('[DL15] is judged by twenty at least, and by stages of which none did not fail', () => {
    const verdict = (runDone: number, runErrored: number, settled = runDone + runErrored) =>
      failureVerdict({ runDone, runErrored }, settled)
    expect(verdict(19, 1)).toBeNull()
    expect(verdict(18, 2)).toBe('failures')
    expect(verdict(17, 2)).toBeNull()
    expect(verdict(95, 5)).toBeNull()
    expect(verdict(94, 6)).toBe('failures')
    expect(verdict(0, 1)).toBe('stage')
    expect(verdict(0, 2)).toBeNull()
    expect(verdict(0, 11)).toBe('stage')
    expect(verdict(1, 10)).toBeNull()
  })
})
