import { describe, expect, it } from 'vitest'
import {
  CLOCK_SAMPLES_MAX,
  SERVER_ACTOR_ID,
  addClockSample,
  bestClockSample,
  clampLag,
  correctedMs,
  sampleClock,
  serverHlcAt,
} from '#lib/engine/clock-offset.ts'
import { parseHlc } from '#lib/kernel/hlc.ts'

describe('clock offset', () => {
  it('[CL1] a clock 50 min behind has an offset of +3,000,000, and corrected is raw plus offset', () => {
    const sample = sampleClock({ sentMs: 1_000_000, receivedMs: 1_000_200, serverNowMs: 4_000_100 })
    expect(sample).toEqual({ offsetMs: 3_000_000, rttMs: 200 })
    expect(correctedMs(1_000_100, 3_000_000)).toBe(4_000_100)
  })

  it('[CL1] a clock set back during the request gives no sample', () => {
    expect(sampleClock({ sentMs: 1_000, receivedMs: 900, serverNowMs: 1_000 })).toBeNull()
  })

  it('[CL1] the shortest round trip is believed, among a bounded number', () => {
    let samples = addClockSample([], { offsetMs: 10, rttMs: 100 })
    for (let i = 0; i < 20; i++) samples = addClockSample(samples, { offsetMs: 20 + i, rttMs: 50 + i })
    expect(samples).toHaveLength(CLOCK_SAMPLES_MAX)
    expect(bestClockSample(samples)).toEqual({ offsetMs: 32, rttMs: 62 })
    expect(bestClockSample([])).toBeNull()
  })

  it('[CL1] a jump of the clock forgets the older samples', () => {
    const before = addClockSample([], { offsetMs: 0, rttMs: 10 })
    expect(addClockSample(before, { offsetMs: 3_600_000, rttMs: 400 })).toEqual([
      { offsetMs: 3_600_000, rttMs: 400 },
    ])
    expect(addClockSample(before, { offsetMs: 900, rttMs: 400 })).toHaveLength(2)
  })

  it('[CL1] lag is never negative, and what was clamped can be counted', () => {
    expect(clampLag(100, 250)).toEqual({ lagMs: 150, clamped: false })
    expect(clampLag(250, 100)).toEqual({ lagMs: 0, clamped: true })
  })

  it('[CL1] the server’s clock is a stamp that a device can read', () => {
    expect(parseHlc(serverHlcAt(1_700_000_000_000.7))).toEqual({
      ok: true,
      value: { wallMs: 1_700_000_000_000, counter: 0, deviceId: SERVER_ACTOR_ID },
    })
  })
})
